// Invented processes.
import type { ProcessStat } from "../../src/login/process.ts";

/** A process of that name that sleeps and has no terminal; what is given besides is as given. */
export function stat(
  pid: number,
  parent: number,
  name: string,
  more: Partial<ProcessStat> = {},
): ProcessStat {
  return {
    pid,
    startTicks: 100,
    state: "S",
    parent,
    processGroup: pid,
    session: pid,
    threads: 1,
    ttyNr: 0,
    foregroundGroup: -1,
    cpuMs: 0,
    childrenCpuMs: 0,
    name,
    ...more,
  };
}
