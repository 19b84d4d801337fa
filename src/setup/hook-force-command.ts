// sshd's ForceCommand, in a drop-in: the user's login shell starts the watchdog, as the user.
import { dirname } from "node:path";
import { type Change, directory, file } from "../change/change.ts";
import { SetupError } from "../change/setup-error.ts";
import type { KeyFinding } from "../sshd/forced-keys.ts";
import { mustInclude, readHostConfig } from "../sshd/host-config.ts";
import { keysOfAllUsers } from "../sshd/key-files.ts";
import { complaint, mustBeGood, reloadSshd, settings } from "../sshd/sshd.ts";
import { type Directive, keyFilePatterns } from "../sshd/sshd-config.ts";
import { DROP_IN } from "../system/paths.ts";
import type { HookOptions, HookPlan } from "./hook.ts";
import { dropIn, findChroots, findOtherCommands, findUnknownKeys } from "./sshd-findings.ts";

/**
 * The command that sshd gives to the user's shell. It must work in every shell, so it uses only quotes that all of them read alike.
 * `exec` passes signals and the exit status on to sshd. If the program is missing, the login continues without it, and the log says so.
 */
const commandOf = (wrap: boolean) =>
  `exec /bin/sh -c '${[
    "f=/usr/lib/afkill/forced-command",
    `[ -x "$f" ] && exec "$f"${wrap ? " wrap" : ""}`,
    'logger -t afkill -p auth.warning "$f is missing: this login is not guarded" 2>/dev/null',
    '[ -n "$SSH_ORIGINAL_COMMAND" ] && exec "$SHELL" -c "$SSH_ORIGINAL_COMMAND"',
    'exec "$SHELL" -l',
  ].join("; ")}'`;

/** Throws a `SetupError` if sshd would not read the drop-in, or if it would cancel a restriction that was not accepted. */
export function planForceCommand({ match, acceptForcedKeys, wrap }: HookOptions): HookPlan {
  const before = complaint();
  if (before !== undefined) throw new SetupError(before, "correct sshd's configuration and run this again");
  const directives = readHostConfig();
  mustInclude(directives, DROP_IN);
  const scoped = match !== undefined;
  if (!acceptForcedKeys) mustNotCancel(findCancelled(directives, scoped), scoped);
  if (!scoped) mustNotLockOut(findChroots(directives));
  const pidFile = settings().get("pidfile") ?? "/run/sshd.pid";
  const changes: Change[] = [
    directory(dirname(DROP_IN)),
    file(DROP_IN, 0o644, Buffer.from(dropIn(commandOf(wrap), match))),
  ];
  return { changes, verify: mustBeGood, activate: () => reloadSshd(pidFile), notes: notesOn(directives) };
}

/** What our ForceCommand cancels or may cancel. `scoped`: it is in a Match block. */
export function findCancelled(directives: readonly Directive[], scoped: boolean): KeyFinding[] {
  const commands = findOtherCommands(directives, scoped);
  // With a scope the administrator has chosen whose restrictions may be cancelled.
  if (scoped) return commands;
  return [...commands, ...findUnknownKeys(directives), ...keysOfAllUsers(keyFilePatterns(directives))];
}

function mustNotCancel([first, ...more]: readonly KeyFinding[], scoped: boolean): void {
  if (first === undefined) return;
  const others = more.length === 0 ? "" : ` (and ${more.length} more)`;
  throw new SetupError(
    `${first.where}: ${first.what}${others}: ForceCommand would cancel such a restriction`,
    `use --hook pam${scoped ? "" : ", or limit the hook with --match 'Group staff'"}, or accept this with --accept-forced-keys`,
  );
}

function mustNotLockOut([first]: readonly KeyFinding[]): void {
  if (first === undefined) return;
  throw new SetupError(
    `${first.where}: ${first.what}, in which afkill's program does not exist`,
    "use --hook pam, or limit the hook to other users with --match 'Group staff'",
  );
}

function notesOn(directives: readonly Directive[]): string[] {
  const internal = directives.some(
    ({ keyword, args }) => keyword === "subsystem" && args[1]?.toLowerCase() === "internal-sftp",
  );
  const keys = "a key with command= that is added later is not restricted where this ForceCommand applies";
  return internal
    ? [keys, "users whose shell is nologin lose internal-sftp where this ForceCommand applies"]
    : [keys];
}
