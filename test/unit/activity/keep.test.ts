// The record that an administrator keeps a login by.
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { forgetEnded, keepFile, keepOf, keepText } from "../../../src/activity/keep.ts";
import { judge } from "../../../src/guard/judge.ts";
import { BLANK } from "../../../src/guard/memory.ts";
import { interpret, LOGIN_SUBJECT } from "../../../src/guard/observe.ts";
import { situationOf } from "../../../src/guard/situation.ts";
import type { Login } from "../../../src/login/login.ts";
import { readStat } from "../../../src/login/process.ts";
import type { Terminal } from "../../../src/login/terminal.ts";
import { DEFAULT_LIMITS } from "../../../src/policy/merge.ts";
import { mapClocks } from "../../../src/system/clock.ts";
import { shortTime } from "../../../src/text/local-time.ts";
import { testAsRoot } from "../../support/root.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "afkill-keep-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const login = { server: { pid: 4711, startTicks: 12 } };
const wallMs = new Date(2026, 0, 2, 14, 0).getTime();
const now = { bootMs: 500_000, wallMs };
const keep = () => keepOf(login, now, directory);
const write = (text: string | Uint8Array) => writeFileSync(keepFile(login, directory), text, { mode: 0o644 });

testAsRoot("a kept login counts as active now, and once that is over as active until then", () => {
  expect(keep()).toBeUndefined();
  write(keepText(500_000 + 64 * 60_000));
  expect(keep()).toEqual({
    source: "keep",
    atMs: 500_000,
    detail: "kept by an administrator until 15:04",
  });
  write(keepText(440_000));
  expect(keep()).toMatchObject({ atMs: 440_000, detail: expect.stringMatching(/ until 13:59$/) });
  expect(keepOf({ server: { pid: 4711, startTicks: 13 } }, now, directory)).toBeUndefined();
});

test("a time of another day has its date", () => {
  expect(shortTime(wallMs + 86_400_000, wallMs)).toBe("2026-01-03 14:00");
  expect(shortTime(wallMs - 14 * 3_600_000 - 1, wallMs)).toBe("2026-01-01 23:59");
  expect(shortTime(wallMs - 14 * 3_600_000, wallMs)).toBe("00:00");
});

test.each([
  ["nothing", ""],
  ["no JSON", "until tomorrow"],
  ["a torn record", keepText(900_000).slice(0, -4)],
  ["another version", '{"version":2,"untilMs":900000}'],
  ["no time", '{"version":1}'],
  ["a text for a time", '{"version":1,"untilMs":"900000"}'],
  ["a time without an end", '{"version":1,"untilMs":1e999}'],
  ["binary", Uint8Array.of(0, 255, 254)],
  ["far too much", keepText(900_000) + " ".repeat(2000)],
])("%s keeps no login", (_, text) => {
  write(text);
  expect(keep()).toBeUndefined();
});

testAsRoot("a record that not root alone can have written keeps no login", () => {
  const path = keepFile(login, directory);
  write(keepText(900_000));
  expect(keep()).toBeDefined();
  for (const mode of [0o664, 0o646]) {
    chmodSync(path, mode);
    expect(keep()).toBeUndefined();
  }
  chmodSync(path, 0o644);
  expect(keep()).toBeDefined();
  chownSync(path, 65534, 0);
  expect(keep()).toBeUndefined();
  rmSync(path);
  writeFileSync(join(directory, "elsewhere"), keepText(900_000));
  symlinkSync("elsewhere", path);
  expect(keep()).toBeUndefined();
  rmSync(path);
  mkdirSync(path);
  expect(keep()).toBeUndefined();
});

test("the records of logins that have ended are removed, and nothing else", () => {
  const startTicks = readStat(process.pid)?.startTicks ?? 0;
  const living = keepFile({ server: { pid: process.pid, startTicks } }, directory);
  const reused = keepFile({ server: { pid: process.pid, startTicks: startTicks + 1 } }, directory);
  const other = join(directory, ".4711-12.tmp");
  for (const path of [living, reused, other]) writeFileSync(path, keepText(1));
  forgetEnded(directory);
  expect([living, reused, other].map((path) => existsSync(path))).toEqual([true, false, true]);
  forgetEnded(join(directory, "missing"));
});

testAsRoot(
  "all terminals of a kept login count as active, and a login without one; its age ends it all the same",
  () => {
    const map = mapClocks([], now);
    const limits = { ...DEFAULT_LIMITS, idleTimeoutMs: 60_000, noTerminalMs: 60_000, warnBeforeMs: [] };
    const whole = { ...login, startedBootMs: 0, user: "anna" } as Login;
    const judged = (ids: readonly string[], isKept: boolean, maxLoginMs = Number.POSITIVE_INFINITY) => {
      const terminals = ids.map(
        (id): Terminal => ({
          id,
          path: "",
          deviceNumber: 0,
          master: undefined,
          leader: { pid: 1, startTicks: 1 },
          reachable: true,
          foregroundGroup: 1,
          foregroundIsLeader: true,
          foregroundJob: [],
          inner: undefined,
        }),
      );
      const accessedWallS = wallMs / 1000 - 200;
      const looks = ids.map((id) => ({
        id,
        accessedWallS,
        modifiedWallS: accessedWallS,
        unreadBytes: [],
        canonical: false,
        job: {},
      }));
      const memory = {
        ...BLANK,
        subjects: {
          [LOGIN_SUBJECT]: {
            lastActivity: { source: "login", atMs: 0, detail: "the login began" },
            baseline: { bootMs: 0, job: {} },
          } as const,
        },
      };
      const applied = { rule: "", exempt: false, limits: { ...limits, maxLoginMs } };
      write(keepText(isKept ? 600_000 : 100_000));
      const observation = interpret({
        login: whole,
        terminals,
        look: {
          bootMs: now.bootMs,
          terminals: looks,
          faults: {},
          commandsRun: false,
          detached: {},
        },
        stays: [],
        keep: keep(),
        memory,
        map,
        limits: applied.limits,
      });
      return judge(situationOf({ login: whole, applied, memory, map }, observation)).decisions;
    };
    for (const ids of [["pts/1:1-1", "pts/2:2-1"], []]) {
      expect(judged(ids, true)).toEqual([]);
      expect(judged(ids, false)).toMatchObject([{ kind: "end", reason: "idle" }]);
      expect(judged(ids, true, 400_000)).toMatchObject([{ kind: "end", reason: "max_login" }]);
    }
  },
);
