// Whether the host itself is unguarded: a hook was installed, and something has taken it away since. Told once for each occurrence.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { log } from "../../audit/syslog.ts";
import { writeNew } from "../../change/write-new.ts";
import { hookStates } from "../../setup/in-effect.ts";
import { SWEEP_DIRECTORY } from "../../system/paths.ts";
import { reasonOf } from "../../text/reason-of.ts";

/** What the last sweep found: the same is not told again. */
const TOLD = join(SWEEP_DIRECTORY, "unguarded");

/** Why new logins get no watchdog; `undefined` if they get one, or if no hook was installed. */
export function whyUnguarded(): string | undefined {
  try {
    const faults = hookStates().flatMap(({ hook, fault }) =>
      fault === undefined ? [] : [`hook ${hook} is not in effect: ${fault}`],
    );
    if (faults.length === 0) return undefined;
    return `new logins are not guarded: ${faults.join("; ")}; sudo afkill install --repeat puts it back`;
  } catch (error) {
    return `whether new logins are guarded is not known: ${reasonOf(error)}`;
  }
}

/** Calls `tell`, and writes to the system log, unless an earlier sweep did so. The directory of the sweeps must be there. */
export async function tellOnce(why: string | undefined, tell: (line: string) => void): Promise<void> {
  if (why === undefined) return rmSync(TOLD, { force: true });
  if (why === lastTold()) return;
  tell(why);
  await log("warning", why);
  writeNew(TOLD, why, true, 0o600);
}

function lastTold(): string | undefined {
  try {
    return readFileSync(TOLD, "utf8");
  } catch {
    return undefined;
  }
}
