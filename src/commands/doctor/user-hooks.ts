// The hooks that run as the user: whether they are in place, and whether they can work.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { look } from "../../change/change.ts";
import { planProfile } from "../../setup/hook-profile.ts";
import { mustInclude, readHostConfig } from "../../sshd/host-config.ts";
import { mustBeGood, settings } from "../../sshd/sshd.ts";
import { said } from "../../system/command.ts";
import { DROP_IN, type Hook, PROFILE, PROGRAM_DIRECTORY } from "../../system/paths.ts";
import { type Check, error, orProblem, type Problem } from "./finding.ts";
import { type Installation, isUsers } from "./installation.ts";
import { runNode } from "./run-node.ts";

const has =
  (hook: Hook) =>
  ({ hooks }: Installation) =>
    hooks.includes(hook);
const again = (hook: Hook) => `sudo afkill install --hook ${hook} puts it back`;

export const forceCommand: Check = {
  id: "force-command",
  concerns: has("force-command"),
  fine: `the ForceCommand is in ${DROP_IN}, and sshd reads it`,
  find: () =>
    orProblem(() => {
      const text = textOf(DROP_IN);
      if (!/^\s*ForceCommand .*\/usr\/lib\/afkill\/forced-command/im.test(text))
        return [
          error(`${DROP_IN} has no ForceCommand of afkill: no login is guarded`, again("force-command")),
        ];
      mustInclude(readHostConfig(), DROP_IN);
      mustBeGood();
      const wrongWrap = isWrapped(text) ? wrongWithWrap() : [];
      return isScoped()
        ? wrongWrap
        : [...wrongCommand(settings().get("forcecommand") ?? "none"), ...wrongWrap];
    }, "correct sshd's configuration, then run afkill doctor again"),
};

/** Whether the ForceCommand is in a Match block, so that it only applies to some logins. */
export function isScoped(): boolean {
  return /^\s*Match\s/im.test(textOf(DROP_IN));
}

/** Whether logins run inside a pty of afkill, according to the text of the drop-in. */
function isWrapped(text: string): boolean {
  return /^\s*ForceCommand .*exec "\$f" wrap;/im.test(text);
}

/** Starts a wrap without a login: it loads everything that it needs. */
function wrongWithWrap(): Problem[] {
  const { ran } = runNode([join(PROGRAM_DIRECTORY, "dist/wrap.js")]);
  if (ran.status === 0) return [];
  return [
    error(
      `a wrap does not start (${said(ran)}): logins work without a wrap, each with a watchdog of its own`,
      "run afkill install with --wrap again, from the checkout or package that it came from; or without --wrap, to stop using it",
    ),
  ];
}

function wrongCommand(command: string): Problem[] {
  if (command.includes("/usr/lib/afkill/forced-command")) return [];
  return [
    error(
      `sshd uses another ForceCommand instead of afkill's: ${command}`,
      `remove the ForceCommand that comes before ${DROP_IN} from sshd's configuration`,
    ),
  ];
}

export const profile: Check = {
  id: "profile",
  concerns: has("profile"),
  fine: `${PROFILE} is in place, and /etc/profile reads it`,
  find: () =>
    orProblem(() => {
      planProfile();
      if (!/^[^#\n]*\. \/usr\/lib\/afkill\/profile\.sh/m.test(textOf(PROFILE)))
        return [error(`${PROFILE} does not start a watchdog: no login is guarded`, again("profile"))];
      const readable = ((look(PROFILE)?.mode ?? 0) & 0o004) !== 0;
      return readable ? [] : [error(`${PROFILE} cannot be read by users`, `chmod o+r ${PROFILE}`)];
    }, again("profile")),
};

/** A hook that runs as the user cannot see the login's sshd if /proc hides it (proc(5), "hidepid"). */
export const hidepid: Check = {
  id: "hidepid",
  concerns: isUsers,
  fine: "a user's watchdog can see the sshd of its login in /proc",
  find: () => {
    const hidden = hidepidOf(readFileSync("/proc/self/mountinfo", "utf8"));
    if (hidden === undefined) return [];
    return [
      error(
        `/proc is mounted hidepid=${hidden}: a watchdog that runs as its user cannot see its login, and guards nothing`,
        "sudo afkill install --hook pam, whose watchdog runs as root; or mount /proc without hidepid",
      ),
    ];
  },
};

/** How /proc hides processes, from the text of /proc/self/mountinfo; `undefined` if it does not. */
export function hidepidOf(mountinfo: string): string | undefined {
  const line = mountinfo.split("\n").findLast((entry) => entry.split(" ")[4] === "/proc");
  const value = /(?:^|[ ,])hidepid=([^ ,]+)/.exec(line ?? "")?.[1];
  return value === undefined || /^(0|off)$/.test(value) ? undefined : value;
}

function textOf(path: string): string {
  return look(path) === undefined ? "" : readFileSync(path, "latin1");
}
