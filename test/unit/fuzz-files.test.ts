// Parsers of afkill's own files under hostile text: each answers, soon, with what it says it does, and throws nothing else.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keepText, parseKeep } from "../../src/activity/keep.ts";
import { fileLine, syslogLine, visible } from "../../src/audit/lines.ts";
import { parseRecord } from "../../src/audit/parse.ts";
import { readAudit } from "../../src/audit/read.ts";
import type { AuditRecord } from "../../src/audit/record.ts";
import { BLANK, serialise } from "../../src/guard/memory.ts";
import { parseMemory } from "../../src/guard/memory-form.ts";
import { problemsOf } from "../../src/policy/load.ts";
import { mergePolicy } from "../../src/policy/merge.ts";
import { isWithin, parseNetwork } from "../../src/policy/network.ts";
import { parsePolicyFile } from "../../src/policy/parse.ts";
import { formatProblem } from "../../src/policy/problems.ts";
import { formatDuration, parseDuration } from "../../src/text/duration.ts";
import { FULL_MEMORY } from "../support/memories.ts";
import { hostileText, SEED } from "../support/mutations.ts";
import { THREE_FILES } from "../support/policy-files.ts";

const RUNS = { numRuns: 400, ...SEED };

/** What a parser gives, or `undefined` where it throws. */
function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

/** Whether every number anywhere inside is finite, or the Infinity that "off" stands for. */
function hasGoodNumbers(value: unknown): boolean {
  if (typeof value === "number") return !Number.isNaN(value) && value !== Number.NEGATIVE_INFINITY;
  return typeof value !== "object" || value === null || Object.values(value).every(hasGoodNumbers);
}

describe("a memory", () => {
  test("is read as it was written", () => expect(parseMemory(serialise(FULL_MEMORY))).toEqual(FULL_MEMORY));

  test("is one that can be written again and read the same, or it is refused", () => {
    let read = 0;
    fc.assert(
      fc.property(hostileText(serialise(FULL_MEMORY), serialise(BLANK)), (text) => {
        const memory = attempt(() => parseMemory(text));
        if (!memory) return;
        read += 1;
        expect(hasGoodNumbers(memory)).toBe(true);
        expect(Object.getPrototypeOf(memory.subjects)).toBe(Object.prototype);
        const again = parseMemory(serialise(memory));
        expect(serialise(again)).toBe(serialise(memory));
      }),
      RUNS,
    );
    expect(read).toBeGreaterThan(10);
  });
});

test("a record that keeps a login says until when, or is refused", () => {
  fc.assert(
    fc.property(hostileText(keepText(12_345), keepText(-1)), (text) => {
      const keep = attempt(() => parseKeep(text));
      if (keep) expect(Number.isFinite(keep.untilMs)).toBe(true);
    }),
    RUNS,
  );
});

describe("a policy file", () => {
  const samples = [
    ...Object.values(THREE_FILES),
    '[[rule]]\nmatch = { users = ["root"], from = ["10.0.0.0/8", "::1"] }\nidle_timeout = "5m"\nactivity = ["input"]\n',
    'exempt.max_login = "1h"\n[[rule]]\nmatch = { hosts = ["!db*"], kinds = ["sftp"], ports = [22], uids = "0, 1000-" }\n',
    '"\\u001b[2J\\u00e9" = 1\n',
    "\u{feff}nothing = 1\n",
    "x = 1979-05-27T07:32:00Z\ny = 0x1F\nz = '''a\nb'''\n[a.b]\nc = [1, [2, {d = 3}]]\n",
  ];

  test("is a policy, or problems with their lines and columns", async () => {
    let [good, bad] = [0, 0];
    await fc.assert(
      fc.asyncProperty(hostileText(...samples), async (text) => {
        const parsed = parsePolicyFile({ file: "a.toml", text });
        if ("content" in parsed) {
          good += 1;
          expect(hasGoodNumbers(mergePolicy([parsed]))).toBe(true);
          return;
        }
        bad += 1;
        const problems = await problemsOf(parsed);
        expect(problems.length).toBeGreaterThan(0);
        const lines = text.split(/\r\n|\n/).length;
        for (const problem of problems) {
          expect(problem.line ?? 0).toBeGreaterThanOrEqual(1);
          expect(problem.line ?? 0).toBeLessThanOrEqual(lines);
          expect(problem.column ?? 0).toBeGreaterThanOrEqual(1);
          expect(formatProblem(problem)).toMatch(/^[ -~]*$/);
        }
      }),
      RUNS,
    );
    expect(Math.min(good, bad)).toBeGreaterThan(10);
  });

  test.each([["["], ["{a="], ["a."], ["[[a]]\n"], ['"'], ["'''"], ["#"], ["\\"], ["a=1\n"]])(
    "a hundred thousand times %j is a problem soon",
    async (part) => {
      const text = `x = ${part.repeat(100_000 / part.length)}`;
      const parsed = parsePolicyFile({ file: "a.toml", text });
      expect("faults" in parsed && (await problemsOf(parsed)).length).toBeGreaterThan(0);
    },
    20_000,
  );
});

test("a duration is at least a second and is written as it is read, or is refused with a RangeError", () => {
  fc.assert(
    fc.property(hostileText("1h30m", "90s", "off", "2d", "3650d"), (text) => {
      try {
        const ms = parseDuration(text);
        expect(ms).toBeGreaterThanOrEqual(1000);
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
    RUNS,
  );
});

test("a network is one that its own address lies in, or none", () => {
  fc.assert(
    fc.property(
      hostileText("10.0.0.0/8", "::ffff:1.2.3.4/120", "fe80::1%eth0/64", "::/129", "1.2.3.4/33"),
      (text) => {
        const network = parseNetwork(text);
        const address = text.split("/")[0] ?? "";
        // IPv4 inside IPv6 is IPv4, which no wider network of IPv6 holds.
        const isSame = network !== undefined && parseNetwork(address)?.family === network.family;
        expect(isWithin(address, [text])).toBe(isSame);
      },
    ),
    RUNS,
  );
});

describe("the audit", () => {
  const sample: AuditRecord = {
    time: "2026-01-02T03:04:05.678Z",
    action: "end",
    cause: "idle",
    outcome: "ended",
    ended: true,
    user: "alice",
    uid: 1000,
    client: "10.0.0.2",
    terminals: ["pts/1"],
    sshdPid: 4242,
    rule: "top level",
    idleSeconds: 900,
    limitSeconds: 900,
    lastActivity: "a key",
    reason: "idle for 15m",
  };
  const sampleLine = fileLine(sample);

  test("is read back from any line that one was made of, short and with nothing unseen in it", () => {
    const word = fc.oneof(hostileText("alice", "top level"), fc.string({ unit: "binary", maxLength: 3000 }));
    fc.assert(
      fc.property(word, word, fc.array(word, { maxLength: 30 }), (user, reason, terminals) => {
        const record = { ...sample, user, reason, terminals };
        const line = fileLine(record);
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(4096);
        for (const text of [line.slice(0, -1), syslogLine(record), visible(user, 300)])
          expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(Buffer.byteLength(syslogLine(record))).toBeLessThanOrEqual(900);
        expect(parseRecord(line)).toBeDefined();
      }),
      { numRuns: 150, ...SEED },
    );
  });

  test("a line is a record or none", () => {
    fc.assert(
      fc.property(hostileText(sampleLine), (line) => {
        const record = parseRecord(line);
        if (record) expect(hasGoodNumbers(record)).toBe(true);
      }),
      RUNS,
    );
  });

  test("whole lines are read whatever stands between them: torn lines, a megabyte, any bytes", async () => {
    const directory = mkdtempSync(join(tmpdir(), "afkill-fuzz-"));
    const path = join(directory, "audit.jsonl");
    const garbage = fc.oneof(
      { weight: 8, arbitrary: hostileText(sampleLine.slice(0, -1)) },
      {
        weight: 1,
        arbitrary: fc.constantFrom("x".repeat(1 << 20), '{"a":'.repeat(200_000), "[".repeat(1 << 20)),
      },
    );
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(garbage, { maxLength: 4 }), async (pieces) => {
          const whole = sampleLine.replace("idle for 15m", "this one");
          writeFileSync(
            path,
            `${whole}${pieces.map((it) => `${it}\n${whole}`).join("")}${sampleLine.slice(0, 50)}`,
          );
          let [found, bytes] = [0, 0];
          for await (const reading of readAudit(path)) {
            if ("record" in reading && reading.record.reason === "this one") found += 1;
            if ("badLine" in reading) bytes += reading.badLine.length;
            expect("badFile" in reading).toBe(false);
          }
          expect(found).toBe(pieces.length + 1);
          expect(bytes).toBeLessThanOrEqual(pieces.join("").length + 50);
        }),
        // A line that begins in one chunk of what is read at a time, and ends in the next.
        { numRuns: 60, ...SEED, examples: [[["y".repeat(262_144 - sampleLine.length - 100)]]] },
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
