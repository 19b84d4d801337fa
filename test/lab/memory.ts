// Too little memory for some processes of a lab, by a cgroup of this machine's.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanEnvironment } from "./inside.ts";

/** A limit on the memory of all processes that are put under it. It is gone once it is disposed of, after the lab has been stopped. */
export interface MemoryLimit extends Disposable {
  /** Puts a process of a lab under it, with all that it starts from now on. */
  add(lab: { readonly pid: number }, pid: number): void;
  lift(): void;
}

/** Where groups are made, and what their limit is called: cgroups(7) version 2, and 1 beside it. */
const HIERARCHIES = [
  { directory: "/sys/fs/cgroup", file: "memory.max", unlimited: "max" },
  { directory: "/sys/fs/cgroup/memory", file: "memory.limit_in_bytes", unlimited: "-1" },
];
let made = 0;

/** Makes a limit; `undefined` on a machine that does not let us, such as a container with a read-only /sys/fs/cgroup. */
export function memoryLimit(bytes: number): MemoryLimit | undefined {
  for (const { directory, file, unlimited } of HIERARCHIES) {
    const group = join(directory, `afkill-lab-${process.pid}-${made++}`);
    try {
      mkdirSync(group);
    } catch {
      continue;
    }
    if (!existsSync(join(group, file))) {
      rmdirSync(group);
      continue;
    }
    writeFileSync(join(group, file), String(bytes));
    return {
      // From within the lab's pid namespace, as the number is the lab's; its mounts have no cgroups.
      add: (lab, pid) => {
        const argv = ["--target", String(lab.pid), "--pid", "--", "sh", "-c", `echo ${pid} >"$0"`];
        const { status, stderr } = spawnSync("nsenter", [...argv, join(group, "cgroup.procs")], {
          env: cleanEnvironment,
          encoding: "utf8",
        });
        if (status !== 0) throw new Error(`process ${pid} is not in ${group}: ${stderr}`);
      },
      lift: () => writeFileSync(join(group, file), unlimited),
      [Symbol.dispose]: () => {
        // A watchdog may still be there, cleaning up after its login: a group can go only when nobody is in it.
        for (const pid of readFileSync(join(group, "cgroup.procs"), "utf8").split("\n").filter(Boolean)) {
          try {
            writeFileSync(join(directory, "cgroup.procs"), pid);
          } catch {
            // It has just ended.
          }
        }
        try {
          rmdirSync(group);
        } catch {
          // Whoever has just been moved may not have left yet: an empty group costs nothing.
        }
      },
    };
  }
  return undefined;
}
