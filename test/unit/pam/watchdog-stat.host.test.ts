// What pam/watchdog reads of a process, whatever that calls itself: the same as the rest of the program.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { readStat } from "../../../src/login/process.ts";

const watchdog = readFileSync(join(import.meta.dirname, "../../../pam/watchdog"), "utf8");
const readStatInSh = /^read_stat\(\) \{.*?^\}$/ms.exec(watchdog)?.[0] ?? "";

/** State, parent and start time, as a shell in a directory of many files that runs the watchdog's own function tells them. */
function toldBy(shell: string, pid: number): string {
  const script = `set -u; ${readStatInSh}\nread_stat "$1" && echo "$state $parent $ticks"`;
  return spawnSync(shell, ["-c", script, "sh", String(pid)], { cwd: "/etc", encoding: "utf8" }).stdout.trim();
}

/** Runs something with a process of that name. */
async function withNamed(name: string, work: (pid: number) => void): Promise<void> {
  // It writes its own name (proc_pid_comm(5)) in one piece, and waits.
  const script =
    "import os, sys; os.write(os.open('/proc/self/comm', 1), os.fsencode(sys.argv[1])); print(flush=True); input()";
  const child = spawn("/usr/bin/python3", ["-c", script, name], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    await once(child.stdout, "data");
    const pid = child.pid ?? Number.NaN;
    await vi.waitFor(() => expect(readStat(pid)?.state).toBe("S"), { timeout: 20_000, interval: 2 });
    work(pid);
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}

const compare = (name: string) =>
  withNamed(name, (pid) => {
    const stat = readStat(pid);
    expect(stat?.parent).toBe(process.pid);
    // No sshd calls itself so: what has a line break in its name is to the watchdog a process that is not there.
    const expected = name.includes("\n") ? "" : `${stat?.state} ${stat?.parent} ${stat?.startTicks}`;
    for (const shell of ["/bin/dash", "/bin/bash"]) expect(toldBy(shell, pid)).toBe(expected);
  });

test.each([
  ") S 1 1 1 1",
  "sshd) Z 1 (",
  "a (b) R 2",
  "*",
  "$(id)",
  "`id`",
  "\\",
  "a\nb) Z 1",
  "' \"",
  " ",
  "*\n",
  "a)*\n",
])("of a process called %j", compare);

test("of a process called anything", async () => {
  const letters = fc.constantFrom(..." ()*?[]\\\n\t$`'\"0SZ-");
  const names = fc.string({ unit: letters, minLength: 1, maxLength: 15 });
  await fc.assert(fc.asyncProperty(names, compare), { numRuns: 40 });
});

test.each(["sshd) Z 1 (", "a\nb) Z 1"])("%j is a name that a process can have", async (name) => {
  await withNamed(name, (pid) => expect(readStat(pid)?.name).toBe(name));
});
