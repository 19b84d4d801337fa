import {
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BLANK, type Memory, readMemory, writeMemory } from "../../src/memory.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "afkill-memory-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const full: Memory = {
  version: 1,
  history: [{ kind: "gap", fromBootS: 10, toBootS: 20 }],
  child: { pid: 12, startTicks: 3456 },
  subjects: {
    "pts/1:12-3456": {
      lastActivity: { source: "busy", atMs: 5000, detail: "CPU 34 %" },
      baseline: {
        bootMs: 5000,
        job: {
          "13-3460": {
            name: "make",
            parent: 12,
            startedBootMs: 34_600,
            cpuMs: 10,
            childrenCpuMs: 0,
            writtenBytes: 0,
            writesFile: false,
            sockets: { "4711": 7 },
          },
        },
        connection: { receivedBytes: 100, sentBytes: 200 },
      },
      input: { accessedWallS: 1_700_000_000, unreadBytes: [0, 2], atMs: 4000 },
      ownWriteWallS: 1_700_000_010,
    },
  },
  standing: { "pts/1:12-3456": { sinceMs: 6000, promisedMs: 16_000, givenMs: [10_000] } },
  lastGood: {
    rule: "top level",
    exempt: false,
    limits: {
      idleTimeoutMs: 20_000,
      warnBeforeMs: [10_000],
      activity: ["input", "busy"],
      busyMaxMs: Number.POSITIVE_INFINITY,
      noTerminalMs: Number.POSITIVE_INFINITY,
      maxLoginMs: Number.POSITIVE_INFINITY,
      maxStayMs: 7_200_000,
      message: "",
    },
  },
};

test("what one check writes the next one reads, limits that are off included", () => {
  expect(writeMemory(directory, full)).toBe(true);
  expect(readMemory(directory)).toEqual(full);
  expect(readdirSync(directory)).toEqual(["memory.json"]);
});

test("a memory from before there was a max_stay is read, with none", () => {
  writeMemory(directory, full);
  const path = join(directory, "memory.json");
  const older = JSON.parse(readFileSync(path, "utf8"));
  delete older.lastGood.limits.maxStayMs;
  writeFileSync(path, JSON.stringify(older), { mode: 0o600 });
  expect(readMemory(directory).lastGood?.limits.maxStayMs).toBe(Number.POSITIVE_INFINITY);
});

test("a history that grows without end is cut to its newest events", () => {
  const history = Array.from(
    { length: 500 },
    (_, n) => ({ kind: "gap", fromBootS: n, toBootS: n + 1 }) as const,
  );
  writeMemory(directory, { ...full, history });
  expect(readMemory(directory).history.at(-1)).toEqual(history.at(-1));
  expect(readMemory(directory).history.length).toBeLessThan(100);
});

test("garbage, other versions and half-written files count as no memory", () => {
  const path = join(directory, "memory.json");
  writeMemory(directory, full);
  const whole = readFileSync(path, "utf8");
  for (const text of [
    "",
    "null",
    "[]",
    '{"version":2}',
    whole.slice(0, 300),
    whole.replace("5000", '"5000"'),
  ]) {
    writeFileSync(path, text);
    expect(readMemory(directory)).toEqual(BLANK);
  }
  fc.assert(
    fc.property(fc.json(), (text) => {
      writeFileSync(path, text);
      expect(readMemory(directory)).toEqual(BLANK);
    }),
  );
  writeFileSync(path, whole + " ".repeat(5 << 20));
  expect(readMemory(directory)).toEqual(BLANK);
});

test("a file of somebody else, or a link, is not read", () => {
  const path = join(directory, "memory.json");
  writeMemory(directory, full);
  chownSync(path, 65_534, 65_534);
  expect(readMemory(directory)).toEqual(BLANK);

  const elsewhere = mkdtempSync(join(tmpdir(), "afkill-memory-"));
  writeMemory(elsewhere, full);
  rmSync(path);
  symlinkSync(join(elsewhere, "memory.json"), path);
  expect(readMemory(directory)).toEqual(BLANK);
  rmSync(elsewhere, { recursive: true });
});

test("a directory that cannot be written is no fault of the login", () => {
  expect(writeMemory(join(directory, "gone"), full)).toBe(false);
});
