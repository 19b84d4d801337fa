// Time of a CPU for a process whose user lets it have none.
import { readFileSync, writeFileSync } from "node:fs";
import { scheduleAsOthers } from "../system/libc.ts";

/** Where cgroups of version 2 are mounted. Of those of version 1 no user has any, but for what root gave away by hand. */
const CGROUPS = "/sys/fs/cgroup";

/**
 * Lets a process be scheduled as any other, and moves it into this process's own cgroup, whose time no user limits. Root only, and only for
 * what can run nothing of its user's any more. Never throws: each helps without the other.
 */
export function giveTime(pid: number): void {
  for (const give of [scheduleAsOthers, moveHere]) {
    try {
      give(pid);
    } catch {
      // It is gone, or there are no such cgroups.
    }
  }
}

function moveHere(pid: number): void {
  const own = /^0::(\/.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1];
  // Never makes a file.
  if (own !== undefined) writeFileSync(`${CGROUPS}${own}/cgroup.procs`, String(pid), { flag: "r+" });
}
