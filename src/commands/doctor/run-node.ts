// Starts afkill's Node as its shell programs do.
import { join } from "node:path";
import { type Ran, run } from "../../system/command.ts";
import { PROGRAM_DIRECTORY } from "../../system/paths.ts";

const NODE = join(PROGRAM_DIRECTORY, "node");

/** `jitless`: Node died, but ran without V8's compiler, which needs memory that may be made executable. */
export interface NodeRan {
  readonly ran: Ran;
  readonly jitless: boolean;
}

/** Runs one of the programs, through `launcher` if there is one. If that fails, tries again as the fallback does. */
export function runNode(args: readonly string[], launcher: readonly string[] = []): NodeRan {
  const start = (...options: string[]) => {
    const [path = NODE, ...rest] = [...launcher, NODE, "--no-warnings", ...options, ...args];
    return run(path, rest);
  };
  const ran = start();
  if (ran.status === 0) return { ran, jitless: false };
  const again = start("--jitless");
  return again.status === 0 ? { ran: again, jitless: true } : { ran, jitless: false };
}
