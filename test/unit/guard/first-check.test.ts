// The hint that checks leave for the watchdogs of logins to come.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
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

test("a hint that cannot be left leaves nothing", () => {
  mkdirSync(join(run, "first-check"));
  publishFirstCheck(POLICY, join(run, "1-2"));
  expect(readdirSync(run)).toEqual(["first-check"]);
});

test("a watchdog that can write nowhere leaves no hint, and its check goes on", () => {
  expect(() => publishFirstCheck(POLICY, "/dev/null/afkill")).not.toThrow();
});
