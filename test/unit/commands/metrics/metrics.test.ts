import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { metricsText, type Snapshot } from "../../../../src/commands/metrics/metrics.ts";
import { tallyOf } from "../../../../src/commands/metrics/tally.ts";
import { end, lock, notice, recordAt, stay, unlock, wrongAnswer } from "../../../support/records.ts";

const records = [
  notice(0),
  notice(1, { outcome: "not given: the terminal takes no output" }),
  stay(60),
  notice(1000),
  end(1300),
  end(1400, { action: "hang-up" }),
  end(1500, { ended: false }),
  end(1600, { cause: "administrator" }),
  end(1700, { cause: null }),
  lock(1750),
  lock(1751, { cause: "user", outcome: "not locked: no" }),
  wrongAnswer(1760),
  wrongAnswer(1770),
  unlock(1780),
  unlock(1790, { cause: "fault" }),
  end(1795, { cause: "lock_tries" }),
  recordAt(1800, { action: "fault", cause: null }),
];

const snapshot: Snapshot = {
  version: '1.2.3 "\\\n',
  logins: [
    { state: "active", idleSeconds: 3 },
    { state: "idle", idleSeconds: 700 },
    { state: "idle", idleSeconds: 90 },
    { state: "no watchdog", idleSeconds: null },
  ],
  policyValid: true,
  hooks: [
    { hook: "pam", isInEffect: true },
    { hook: "profile", isInEffect: false },
  ],
  tally: tallyOf(records),
  checksFailed: 17,
  unreadable: { lines: 2, files: 1 },
};

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: ReadonlyMap<string, number>;
}

const SAMPLE =
  /^([a-z][a-z0-9_]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (-?[0-9.e+]+|NaN|\+Inf)$/;

/** Reads the format as strictly as Prometheus does, and checks what `promtool check metrics` checks. */
function parse(text: string): Map<string, Family> {
  expect(text).toMatch(/[^\n]\n$/);
  const families = text.trim().split(/\n\n/);
  const parsed = families.map((family): Family => {
    const [helpLine = "", typeLine = "", ...lines] = family.split("\n");
    const [, name = "", help = ""] = /^# HELP ([a-z_]+) (\S.*)$/.exec(helpLine) ?? [];
    const [, typed, type = ""] = /^# TYPE ([a-z_]+) (counter|gauge)$/.exec(typeLine) ?? [];
    expect(typed, family).toBe(name);
    const samples = lines.map((line): [string, number] => {
      const [, sampled, labels = "", value] = SAMPLE.exec(line) ?? [];
      expect(sampled, line).toBe(name);
      return [labels, Number(value)];
    });
    expect(new Set(samples.map(([labels]) => labels)).size, name).toBe(samples.length);
    expect(samples.length, name).toBeGreaterThan(0);
    return { name, help, type, samples: new Map(samples) };
  });
  expect(new Set(parsed.map(({ name }) => name)).size).toBe(parsed.length);
  return new Map(parsed.map((family) => [family.name, family]));
}

test("the text follows the rules of the format, and the naming rules that promtool checks", () => {
  const families = parse(metricsText(snapshot));
  for (const { name, type, help } of families.values()) {
    expect(name).toMatch(/^afkill_/);
    expect(name.endsWith("_total"), name).toBe(type === "counter");
    expect(name).not.toMatch(/_(count|sum|bucket|gauge|counter|ms|sec|s)$/);
    expect(help.length).toBeGreaterThan(10);
  }
  expect([...families.keys()].sort()).toEqual([
    "afkill_audit_unreadable",
    "afkill_build_info",
    "afkill_checks_failed_total",
    "afkill_endings_total",
    "afkill_hook_in_effect",
    "afkill_locks_total",
    "afkill_login_idle_max_seconds",
    "afkill_logins",
    "afkill_notices_total",
    "afkill_policy_valid",
    "afkill_stays_total",
    "afkill_unlocks_total",
    "afkill_watchdogs_missing",
    "afkill_wrong_answers_total",
  ]);
});

test("each number is where it belongs, and what has not happened yet is 0", () => {
  const families = parse(metricsText(snapshot));
  const samples = (name: string) => Object.fromEntries(families.get(name)?.samples ?? []);
  expect(samples("afkill_logins")).toEqual({
    'state="active"': 1,
    'state="idle"': 2,
    'state="warned"': 0,
    'state="locked"': 0,
    'state="exempt"': 0,
    'state="fault"': 0,
    'state="no watchdog"': 1,
  });
  expect(samples("afkill_login_idle_max_seconds")).toMatchObject({
    'state="active"': 3,
    'state="idle"': 700,
    'state="no watchdog"': 0,
  });
  expect(samples("afkill_endings_total")).toEqual({
    'reason="idle",outcome="ended"': 2,
    'reason="idle",outcome="failed"': 1,
    'reason="max_login",outcome="ended"': 0,
    'reason="max_login",outcome="failed"': 0,
    'reason="lock_max",outcome="ended"': 0,
    'reason="lock_max",outcome="failed"': 0,
    'reason="lock_tries",outcome="ended"': 1,
    'reason="lock_tries",outcome="failed"': 0,
    'reason="administrator",outcome="ended"': 1,
    'reason="administrator",outcome="failed"': 0,
    'reason="unknown",outcome="ended"': 1,
    'reason="unknown",outcome="failed"': 0,
  });
  expect(samples("afkill_notices_total")).toEqual({ "": 2 });
  expect(samples("afkill_stays_total")).toEqual({ "": 1 });
  expect(samples("afkill_locks_total")).toEqual({
    'reason="idle",outcome="locked"': 1,
    'reason="idle",outcome="failed"': 0,
    'reason="user",outcome="locked"': 0,
    'reason="user",outcome="failed"': 1,
    'reason="administrator",outcome="locked"': 0,
    'reason="administrator",outcome="failed"': 0,
  });
  expect(samples("afkill_unlocks_total")).toEqual({
    'by="password"': 1,
    'by="login"': 0,
    'by="administrator"': 0,
    'by="fault"': 1,
  });
  expect(samples("afkill_wrong_answers_total")).toEqual({ "": 2 });
  expect(samples("afkill_checks_failed_total")).toEqual({ "": 17 });
  expect(samples("afkill_watchdogs_missing")).toEqual({ "": 1 });
  expect(samples("afkill_policy_valid")).toEqual({ "": 1 });
  expect(samples("afkill_hook_in_effect")).toEqual({ 'hook="pam"': 1, 'hook="profile"': 0 });
  expect(samples("afkill_audit_unreadable")).toEqual({ 'what="line"': 2, 'what="file"': 1 });
  expect(samples("afkill_build_info")).toEqual({ 'version="1.2.3 \\"\\\\\\n"': 1 });
});

test("every byte is as it is stored", () => {
  const stored = readFileSync(join(import.meta.dirname, "metrics.prom"), "utf8");
  expect(metricsText(snapshot)).toBe(stored);
});

test("a host without an installed hook has no metric of one", () => {
  expect(parse(metricsText({ ...snapshot, hooks: [] })).has("afkill_hook_in_effect")).toBe(false);
});

test("two snapshots do not add up, and an idle host has all metrics too", () => {
  const idle: Snapshot = { ...snapshot, logins: [], policyValid: false, tally: tallyOf([]), checksFailed: 0 };
  const first = metricsText(idle);
  expect(metricsText(idle)).toBe(first);
  expect([...parse(first).keys()]).toEqual([...parse(metricsText(snapshot)).keys()]);
  expect(parse(first).get("afkill_policy_valid")?.samples.get("")).toBe(0);
});
