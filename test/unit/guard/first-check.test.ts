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

const POLICY = { base: DEFAULT_LIMITS, exempt: { users: [], groups: [] }, rules: [], files: [] };

test("the hint says when a login may have to be looked at first, and nothing else is left", () => {
  publishFirstCheck(POLICY, join(run, "1-2"));
  expect(readFileSync(join(run, "first-check"), "utf8")).toBe("540\n");
  expect(readdirSync(run)).toEqual(["first-check"]);
});

test("a hint that cannot be left leaves nothing", () => {
  mkdirSync(join(run, "first-check"));
  publishFirstCheck(POLICY, join(run, "1-2"));
  expect(readdirSync(run)).toEqual(["first-check"]);
});

test("a watchdog that can write nowhere leaves no hint, and its check goes on", () => {
  expect(() => publishFirstCheck(POLICY, "/dev/null/afkill")).not.toThrow();
});
