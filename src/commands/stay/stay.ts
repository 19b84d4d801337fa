// Asks for a login to stay: see pam/hold and src/activity/stay.ts.
import { spawn } from "node:child_process";
import { HOLD } from "../../activity/stay.ts";
import { log } from "../../audit/syslog.ts";
import { formatDuration } from "../../text/duration.ts";
import { allowedMs, mustBeInLogin, mustHaveHold, ownTerminal, policyOfUser } from "./allowed.ts";

/** Keeps this login for `wantedMs`. Returns the end of the stay. Throws if that is not possible; then nothing was done. */
export async function stay(configPath: string, wantedMs: number): Promise<Date> {
  mustBeInLogin();
  mustHaveHold(HOLD);
  const ms = allowedMs(await policyOfUser(configPath), wantedMs);
  // In the same session, so it belongs to this login and ends with this terminal.
  const hold = spawn(HOLD, [String(Math.ceil(ms / 1000))], { cwd: "/", env: {}, stdio: "ignore" });
  await new Promise((resolve, reject) => hold.once("spawn", resolve).once("error", reject));
  hold.unref();
  await log("info", `stay of ${formatDuration(ms)} asked for by uid ${process.getuid?.()}${ownTerminal()}`);
  return new Date(Date.now() + ms);
}

/** Becomes a command that keeps this login while it runs, as long as the policy allows. It never returns; it throws if it fails. */
export async function runKept(configPath: string, command: readonly string[]): Promise<never> {
  mustBeInLogin();
  mustHaveHold(HOLD);
  const ms = allowedMs(await policyOfUser(configPath), undefined);
  await log("info", `afkill run of ${command[0]} by uid ${process.getuid?.()}${ownTerminal()}`);
  return process.execve?.(HOLD, [HOLD, String(Math.ceil(ms / 1000)), ...command], process.env) as never;
}
