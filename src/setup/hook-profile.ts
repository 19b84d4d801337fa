// /etc/profile.d: the login shell starts the watchdog, as the user.
import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { file } from "../change/change.ts";
import { SetupError } from "../change/setup-error.ts";
import { PROFILE } from "../system/paths.ts";
import type { HookPlan } from "./hook.ts";

/** Every login shell sources it, also without sshd. It must do nothing else, and it must never fail. */
const SCRIPT = `\
# Written by \`afkill install --hook profile\`, removed by \`afkill uninstall\`.
if [ -r /usr/lib/afkill/profile.sh ]; then
  . /usr/lib/afkill/profile.sh
elif [ -n "\${SSH_CONNECTION-}" ]; then
  logger -t afkill -p auth.warning "/usr/lib/afkill/profile.sh is missing: this login is not guarded" 2>/dev/null || :
fi
`;

/** Throws a `SetupError` if the shells of this host do not read /etc/profile.d. */
export function planProfile(): HookPlan {
  const main = "/etc/profile";
  const directory = dirname(PROFILE);
  if (!existsSync(directory) || !existsSync(main) || !readFileSync(main, "latin1").includes(directory))
    throw new SetupError(
      `${main} does not read ${directory}/*.sh on this host`,
      "use --hook pam or --hook force-command instead",
    );
  return {
    changes: [file(PROFILE, 0o644, Buffer.from(SCRIPT))],
    verify: () => undefined,
    notes: [
      "logins with a shell that does not read /etc/profile are not guarded: fish, csh, tcsh, zsh on most systems",
    ],
  };
}
