import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { giveTime } from "../../../src/ending/give-time.ts";
import { KILL, killing } from "../../../src/ending/insist.ts";

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

/** How a process is scheduled (field 41 of proc_pid_stat(5)): 5 is SCHED_IDLE, 0 is SCHED_OTHER. */
function policyOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[38]);
}

test("what its user has scheduled for when nobody else runs is scheduled as others", async () => {
  const child = spawn("chrt", ["--idle", "0", "sh", "-c", "echo ready; read end"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  started.push(child);
  await once(child.stdout, "data");
  const pid = child.pid ?? -1;
  expect(policyOf(pid)).toBe(5);
  giveTime(pid);
  expect(policyOf(pid)).toBe(0);
});

test("what is gone is no fault", async () => {
  const child = spawn("true", { stdio: "ignore" });
  await once(child, "exit");
  expect(() => giveTime(child.pid ?? -1)).not.toThrow();
});

test("only root gives time, and only after a SIGKILL that did not do", () => {
  expect(killing(false)).toEqual([KILL]);
  expect(killing(true).map(({ name }) => name)).toEqual(["after SIGKILL", "after SIGKILL and time of a CPU"]);
});
