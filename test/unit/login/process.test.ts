import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import {
  childrenOf,
  descendantsOf,
  hasEnded,
  isAlive,
  parseStat,
  readStat,
  startedBootMs,
} from "../../../src/login/process.ts";
import { killTree, until } from "../../support/real-terminals.ts";

const directory = mkdtempSync(join(tmpdir(), "afkill-process-"));
afterAll(() => rmSync(directory, { recursive: true }));

const TAIL = "S 5 6 7 34818 6 4194560 1 2 3 4 100 20 3000 400 20 0 2 0 987654 1 2 3";

test("a stat line gives the fields of the man page", () => {
  expect(parseStat(`42 (sh) ${TAIL}`)).toEqual({
    pid: 42,
    name: "sh",
    state: "S",
    parent: 5,
    processGroup: 6,
    session: 7,
    ttyNr: 34818,
    foregroundGroup: 6,
    cpuMs: 1200,
    childrenCpuMs: 34_000,
    threads: 2,
    startTicks: 987654,
  });
});

test("whatever a process calls itself, the fields behind the name are read right", () => {
  const hostile = fc.oneof(
    fc.string({ maxLength: 15 }),
    fc.string({ maxLength: 15, unit: fc.constantFrom("(", ")", " ", "\n", "0", "S", "-") }),
  );
  fc.assert(
    fc.property(hostile, (name) => {
      expect(parseStat(`42 (${name}) ${TAIL}`)).toMatchObject({
        pid: 42,
        name,
        parent: 5,
        startTicks: 987654,
      });
    }),
  );
});

test("text of another form is no process", () => {
  fc.assert(fc.property(fc.string(), (text) => parseStat(text) === undefined));
  expect(parseStat("42 (sh) S 1 2")).toBeUndefined();
  expect(parseStat("42 (sh) ")).toBeUndefined();
});

test("a real process whose name looks like the fields after it", async () => {
  const program = join(directory, ") S 1 (1) 1 (");
  copyFileSync("/bin/sleep", program);
  const child = spawn(program, ["1000"]);
  try {
    const pid = child.pid ?? -1;
    const stat = await until(() => {
      const seen = readStat(pid);
      return seen?.name === ") S 1 (1) 1 (" && seen;
    });
    expect(stat).toMatchObject({ pid, parent: process.pid });
    expect(isAlive(stat)).toBe(true);
    expect(isAlive({ ...stat, startTicks: stat.startTicks - 1 })).toBe(false);
    const agoMs = Number.parseFloat(readFileSync("/proc/uptime", "latin1")) * 1000 - startedBootMs(stat);
    expect(agoMs).toBeGreaterThan(-20);
    expect(agoMs).toBeLessThan(30_000);
  } finally {
    child.kill("SIGKILL");
  }
});

test("a process that is gone, a zombie, and one whose first thread has ended", async () => {
  // The shell's child becomes sleep's, which never asks for its end.
  const child = spawn("/bin/sh", ["-c", "sleep 0 & exec sleep 1000"]);
  const parent = child.pid ?? -1;
  try {
    const zombie = await until(() => {
      const [pid] = childrenOf(parent);
      const stat = pid === undefined ? undefined : readStat(pid);
      return stat?.state === "Z" && stat;
    });
    expect(hasEnded(zombie)).toBe(true);
    expect(isAlive(zombie)).toBe(false);
    expect(descendantsOf(parent)).toEqual([]);
    expect(hasEnded({ ...zombie, threads: 2 })).toBe(false);
    child.kill("SIGKILL");
    await until(() => readStat(zombie.pid) === undefined);
    expect(isAlive(zombie)).toBe(false);
    expect(childrenOf(zombie.pid)).toEqual([]);
    expect(descendantsOf(zombie.pid)).toEqual([]);
  } finally {
    child.kill("SIGKILL");
  }
});

test("all descendants are found, parents first", async () => {
  const child = spawn("/bin/sh", ["-c", "sh -c 'sleep 1000; :' & sh -c 'sleep 1000; :'; :"]);
  const root = child.pid ?? -1;
  try {
    const found = await until(() => {
      const all = descendantsOf(root);
      return all.filter(({ name }) => name === "sleep").length === 2 && all;
    });
    expect(found.map(({ name }) => name)).toEqual(["sh", "sh", "sleep", "sleep"]);
    const known = [root, ...found.map(({ pid }) => pid)];
    for (const [index, { parent }] of found.entries()) expect(known.slice(0, index + 1)).toContain(parent);
    expect(descendantsOf(process.pid).map(({ pid }) => pid)).toEqual(expect.arrayContaining(known));
  } finally {
    await killTree(root);
  }
});
