// The hint that checks leave for the watchdogs of logins to come.
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { publishFirstCheck } from "../../../src/guard/first-check.ts";
import { DEFAULT_LIMITS } from "../../../src/policy/merge.ts";

let run: string;
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "afkill-first-check-"));
});
afterEach(() => rmSync(run, { recursive: true }));

const POLICY = {
  base: DEFAULT_LIMITS,
  exempt: { users: [], groups: [], maxLoginMs: Number.POSITIVE_INFINITY },
  rules: [],
  files: [],
};

test("the hint says when a login may have to be looked at first, and nothing else is left", () => {
  publishFirstCheck(POLICY, join(run, "1-2"));
  expect(readFileSync(join(run, "first-check"), "utf8")).toBe("540\n");
  expect(readdirSync(run)).toEqual(["first-check"]);
});

test("an exempt login that may not last for ever is looked at too", () => {
  const limits = { ...DEFAULT_LIMITS, idleTimeoutMs: Number.POSITIVE_INFINITY };
  const exempt = { ...POLICY.exempt, maxLoginMs: 1_000_000 };
  publishFirstCheck({ ...POLICY, base: limits, exempt }, join(run, "1-2"));
  expect(readFileSync(join(run, "first-check"), "utf8")).toBe("640\n");
});

test("a hint that is right already is made newer than the policy, and a wrong one is replaced", () => {
  const hint = join(run, "first-check");
  for (const text of ["540\n", "5400\n", "54", "", "540\n\n"]) {
    writeFileSync(hint, text);
    utimesSync(hint, 1, 1);
    publishFirstCheck(POLICY, join(run, "1-2"));
    expect([readFileSync(hint, "utf8"), Date.now() - statSync(hint).mtimeMs < 60_000]).toEqual([
      "540\n",
      true,
    ]);
    expect(readdirSync(run)).toEqual(["first-check"]);
  }
});

test("a link in the place of the hint is replaced, and what it leads to is left alone", () => {
  const other = join(run, "other");
  writeFileSync(other, "540\n");
  utimesSync(other, 1, 1);
  symlinkSync(other, join(run, "first-check"));
  publishFirstCheck(POLICY, join(run, "1-2"));
  expect([lstatSync(join(run, "first-check")).isFile(), statSync(other).mtimeMs]).toEqual([true, 1_000]);
});

test("a hint that cannot be left leaves nothing", () => {
  mkdirSync(join(run, "first-check"));
  publishFirstCheck(POLICY, join(run, "1-2"));
  expect(readdirSync(run)).toEqual(["first-check"]);
});

test("a watchdog that can write nowhere leaves no hint, and its check goes on", () => {
  expect(() => publishFirstCheck(POLICY, "/dev/null/afkill")).not.toThrow();
});
