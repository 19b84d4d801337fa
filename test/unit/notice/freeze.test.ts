// The order in which processes are stopped and continue, with children of this process.
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type ProcessRef, readStat } from "../../../src/login/process.ts";
import { letContinue, newStopper } from "../../../src/notice/freeze.ts";
import { until } from "../../support/real-terminals.ts";

const { SIGSTOP, SIGCONT } = constants.signals;

/** Every signal that was sent: the pid and the signal. */
const sent = vi.hoisted(() => [] as [number, number][]);
vi.mock("../../../src/system/libc.ts", async (original) => {
  const libc = await original<typeof import("../../../src/system/libc.ts")>();
  const pids = new Map<number, number>();
  return {
    ...libc,
    openPidfd: (pid: number) => {
      const pidfd = libc.openPidfd(pid);
      if (pidfd !== undefined) pids.set(pidfd, pid);
      return pidfd;
    },
    signalPidfd: (pidfd: Parameters<typeof libc.signalPidfd>[0], signal: number) => {
      sent.push([pids.get(pidfd) ?? 0, signal]);
      return libc.signalPidfd(pidfd, signal);
    },
  };
});

let children: ChildProcess[] = [];
let refs: ProcessRef[] = [];
beforeEach(async () => {
  children = [1, 2, 3].map(() => spawn("/bin/sleep", ["1000"], { stdio: "ignore" }));
  refs = await Promise.all(children.map(({ pid = 0 }) => until(() => readStat(pid))));
  sent.length = 0;
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
});

const stateOf = ({ pid }: ProcessRef) => readStat(pid)?.state;
const pidsOf = (some: readonly ProcessRef[]) => some.map(({ pid }) => pid);

test("processes continue in the reverse order, and each only once", async () => {
  const stopper = newStopper();
  await stopper.stop(refs.slice(0, 1));
  await stopper.stop(refs);
  expect(sent).toEqual(refs.map(({ pid }) => [pid, SIGSTOP]));
  expect(pidsOf(stopper.stopped())).toEqual(pidsOf(refs));
  expect(refs.map(stateOf)).toEqual(["T", "T", "T"]);
  sent.length = 0;
  stopper.thaw();
  stopper.thaw();
  expect(sent).toEqual(refs.toReversed().map(({ pid }) => [pid, SIGCONT]));
  expect(stopper.stopped()).toEqual([]);
});

test("what was stopped before us is not ours, nor is a later process with the same pid", async () => {
  const [first, second, third] = refs as [ProcessRef, ProcessRef, ProcessRef];
  process.kill(first.pid, "SIGSTOP");
  await until(() => stateOf(first) === "T");
  const stopper = newStopper();
  await stopper.stop([first, { ...second, startTicks: 1 }, third]);
  expect(pidsOf(stopper.stopped())).toEqual([third.pid]);
  stopper.thaw();
  expect(stateOf(first)).toBe("T");
});

test("all that will be stopped is noted before, and a note that fails stops nothing", async () => {
  const noted: number[][] = [];
  const stopper = newStopper((stopped) => {
    noted.push(pidsOf(stopped));
    expect(sent).toHaveLength(noted.length - 1);
    if (noted.length === 2) throw new Error("disk full");
  });
  await stopper.stop(refs.slice(0, 1));
  await expect(stopper.stop(refs)).rejects.toThrow("disk full");
  expect(noted).toEqual([pidsOf(refs.slice(0, 1)), pidsOf(refs)]);
  expect(sent).toHaveLength(1);
  expect(pidsOf(stopper.stopped())).toEqual(pidsOf(refs.slice(0, 1)));
  stopper.thaw();
});

test("what somebody lets continue is stopped again; what has ended is forgotten", async () => {
  const [first, second] = refs as [ProcessRef, ProcessRef];
  const stopper = newStopper();
  await stopper.stop([first, second]);
  expect(await stopper.renew()).toEqual([]);
  process.kill(first.pid, "SIGCONT");
  await until(() => stateOf(first) === "S");
  expect(pidsOf(await stopper.renew())).toEqual([first.pid]);
  expect(stateOf(first)).toBe("T");
  process.kill(second.pid, "SIGKILL");
  await until(() => stateOf(second) === "Z" || stateOf(second) === undefined);
  await stopper.renew();
  expect(pidsOf(stopper.stopped())).toEqual([first.pid]);
  stopper.thaw();
});

test("what another process stopped continues in the reverse order; a later process with its pid is left alone", async () => {
  const [first, second, third] = refs as [ProcessRef, ProcessRef, ProcessRef];
  for (const { pid } of refs) process.kill(pid, "SIGSTOP");
  await until(() => refs.every((ref) => stateOf(ref) === "T"));
  letContinue([first, { ...second, startTicks: 1 }, third, { pid: 4_000_000, startTicks: 1 }]);
  expect(sent).toEqual([
    [third.pid, SIGCONT],
    [first.pid, SIGCONT],
  ]);
});
