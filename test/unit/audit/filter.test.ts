import { expect, test } from "vitest";
import { type Filter, matches } from "../../../src/audit/filter.ts";
import type { AuditRecord } from "../../../src/audit/record.ts";
import { recordLine } from "../../../src/commands/log/text.ts";
import { parseMoment } from "../../../src/console/moment.ts";
import { end as endAt } from "../../support/records.ts";

const end = endAt(0, {
  time: "2026-01-02T03:04:05.000Z",
  terminals: ["pts/3", "pts/4"],
  idleSeconds: 901,
  lastActivity: null,
  reason: "idle for 15 min",
});

test("each filter lets through what fits, and nothing else", () => {
  const at = Date.parse(end.time);
  const fit: Filter[] = [
    {},
    { user: "alice" },
    { action: "end" },
    { outcome: "ended" },
    { sinceMs: at },
    { untilMs: at + 1 },
  ];
  const unfit: Filter[] = [
    { user: "bob" },
    { action: "stay" },
    { outcome: "failed" },
    { sinceMs: at + 1 },
    { untilMs: at },
  ];
  for (const filter of fit) expect(matches(end, filter), JSON.stringify(filter)).toBe(true);
  for (const filter of unfit) expect(matches(end, filter), JSON.stringify(filter)).toBe(false);
});

test("what a record came to is told by its action", () => {
  const outcome = (more: Partial<AuditRecord>, outcome: Filter["outcome"]) =>
    matches({ ...end, ...more }, { outcome });
  expect(outcome({ ended: false }, "failed")).toBe(true);
  expect(outcome({ action: "hang-up", ended: false }, "failed")).toBe(true);
  expect(outcome({ action: "notice", ended: null, outcome: "given" }, "given")).toBe(true);
  expect(outcome({ action: "notice", ended: null, outcome: "not given: no terminal" }, "not-given")).toBe(
    true,
  );
  expect(outcome({ action: "stay", ended: null }, "kept")).toBe(true);
  expect(outcome({ action: "lock", ended: null, outcome: "locked" }, "locked")).toBe(true);
  expect(outcome({ action: "lock", ended: null, outcome: "not locked: no" }, "failed")).toBe(true);
  expect(outcome({ action: "wrong-answer", ended: null }, "refused")).toBe(true);
  expect(outcome({ action: "unlock", ended: null }, "unlocked")).toBe(true);
  expect(outcome({ action: "fault", ended: null }, "failed")).toBe(true);
});

test("a line for people has all that matters, and no control character", () => {
  expect(recordLine(end)).toMatch(
    /^2026-01-0\d \d\d:\d\d:\d\d[+-]\d\d:\d\d {2}end {6}alice from 10\.0\.0\.7 on pts\/3, pts\/4: idle for 15 min: child sshd 12 ended after SIGTERM$/,
  );
  const hostile = "x\u001b[31m\u202e\n";
  const line = recordLine({
    ...end,
    user: hostile,
    client: hostile,
    terminals: [hostile],
    reason: hostile,
    outcome: hostile,
  });
  expect(line).toMatch(/x\?\[31m\?\?/);
  expect(line).not.toMatch(/[\u0000-\u001f\u202e]/);
});

test("moments are ISO 8601 or a duration ago; a day is its midnight here", () => {
  expect(parseMoment("2026-01-02T03:04:05Z")).toBe(Date.UTC(2026, 0, 2, 3, 4, 5));
  expect(parseMoment("2026-01-02 03:04:05+01:00")).toBe(Date.UTC(2026, 0, 2, 2, 4, 5));
  expect(parseMoment("2026-01-02")).toBe(new Date(2026, 0, 2).getTime());
  expect(parseMoment("2026-07-02 03:04")).toBe(new Date(2026, 6, 2, 3, 4).getTime());
  const before = Date.now();
  const ago = parseMoment("1h30m");
  expect(ago + 5_400_000).toBeGreaterThanOrEqual(before);
  expect(ago + 5_400_000).toBeLessThanOrEqual(Date.now());
  for (const text of ["", "yesterday", "2026-02-30", "2026-13-01", "off", "2", "-2h", "2026-01-02T25:00"])
    expect(() => parseMoment(text), text).toThrow(/Expected a time such as/);
});
