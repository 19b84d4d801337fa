import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { farewell, sanitise, stays, warning } from "../../../src/notice/text.ts";
import { spoken } from "../../../src/text/spoken.ts";

const facts = {
  user: "alice",
  kind: "idle",
  idleMs: 14 * 60_000,
  lastedMs: 42_900_000,
  maxLoginMs: 43_200_000,
  closesInMs: 60_000,
  closesAt: new Date(2026, 0, 2, 14, 5, 9),
  message: "Questions: phone 4711",
  columns: 120,
} as const;

describe("warning", () => {
  it("says when, which key, who, how long idle, and the administrator's line", () => {
    expect(warning(facts).lineMode).toEqual([
      "afkill: closes in 60 s, press Enter to stay",
      "alice: idle for 14 min, this login ends at 14:05",
      "Questions: phone 4711",
    ]);
    expect(warning(facts).prompt[0]).toBe("afkill: closes in 60 s, press a key to stay");
  });

  it("says that the terminal locks, where the limit locks it", () => {
    const { lineMode, prompt, bar } = warning({ ...facts, locks: true });
    expect(lineMode).toEqual([
      "afkill: locks in 60 s, press Enter to stay",
      "alice: idle for 14 min, this terminal locks at 14:05",
      "Questions: phone 4711",
    ]);
    expect(prompt).toEqual(["afkill: locks in 60 s, press a key to stay", ...lineMode.slice(1)]);
    expect(bar).toBe(
      "afkill: locks in 60 s, press a key | alice idle 14 min | locks 14:05 | Questions: phone 4711",
    );
  });

  it.each(["max_login", "administrator"] as const)(
    "never speaks of a lock when %s ends the login",
    (kind) => {
      expect(warning({ ...facts, kind, locks: true })).toEqual(warning({ ...facts, kind }));
    },
  );

  it("says who closes it when an administrator asked, and offers no key", () => {
    const { lineMode, prompt, bar } = warning({ ...facts, kind: "administrator", closesInMs: 30_000 });
    expect(lineMode).toEqual([
      "afkill: closes in 30 s, by the administrator",
      "alice: this login ends at 14:05, no key keeps it: save your work",
      "Questions: phone 4711",
    ]);
    expect(prompt).toEqual(lineMode);
    expect(bar).toBe(
      "afkill: closes in 30 s, by the administrator | alice | ends 14:05 | Questions: phone 4711",
    );
  });

  it("has no third line without a message", () => {
    expect(warning({ ...facts, message: "" }).prompt).toHaveLength(2);
  });

  it("puts on a bar what fits whole, the essential first", () => {
    expect(warning({ ...facts, columns: 120 }).bar).toBe(
      "afkill: closes in 60 s, press a key | alice idle 14 min | ends 14:05 | Questions: phone 4711",
    );
    expect(warning({ ...facts, columns: 80 }).bar).toBe(
      "afkill: closes in 60 s, press a key | alice idle 14 min | ends 14:05",
    );
    expect(warning({ ...facts, columns: 60 }).bar).toBe(
      "afkill: closes in 60 s, press a key | alice idle 14 min",
    );
    expect(warning({ ...facts, columns: 20 }).bar).toBe("afkill: closes in 6");
  });

  it("says how much of the most that is allowed a login has lasted, and offers no key", () => {
    const { lineMode, prompt, bar } = warning({ ...facts, kind: "max_login", message: "" });
    expect(bar).toBe(
      "afkill: closes in 60 s, no key keeps it | alice on for 11 h 55 min of 12 h | ends 14:05",
    );
    expect(prompt).toEqual([
      "afkill: closes in 60 s, no key keeps it: save your work",
      "alice: logged in for 11 h 55 min, at most 12 h allowed here, ends at 14:05",
    ]);
    expect(lineMode).toEqual(prompt);
  });

  it("never has a line wider than the columns less one, nor a character that is not printable ASCII", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.string({ unit: "binary" }),
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom("idle", "max_login", "administrator"),
        fc.boolean(),
        (user, message, columns, kind, locks) => {
          const { lineMode, prompt, bar } = warning({ ...facts, user, message, columns, kind, locks });
          for (const line of [...lineMode, ...prompt, bar]) {
            expect(line).toMatch(/^[ -~]*$/);
            expect(line.length).toBeLessThan(columns);
          }
        },
      ),
    );
  });
});

describe("stays", () => {
  it("says why", () => {
    expect(stays({ why: "key", columns: 80 }).bar).toBe("afkill: your login stays (you pressed a key)");
    expect(stays({ why: "work", columns: 80 }).lineMode).toEqual([
      "afkill: your login stays (work is running)",
    ]);
    expect(stays({ why: "policy", columns: 10 }).prompt).toEqual(["afkill: y"]);
  });
});

describe("farewell", () => {
  const at = new Date(2026, 0, 2, 14, 5, 9);

  it("says whose login, when and why", () => {
    expect(farewell({ user: "alice", at, reason: "idle for 15m, the limit is 15m" })).toBe(
      "afkill: login of alice closed at 14:05: idle for 15m, the limit is 15m",
    );
  });

  it("says when it is one terminal of several", () => {
    expect(farewell({ user: "bob", what: "terminal", at, reason: "idle" })).toBe(
      "afkill: terminal of bob closed at 14:05: idle",
    );
  });

  it("lets no control character of a user name or a reason through", () => {
    const text = farewell({ user: "a\x1b]0;x\x07\u009bm", at, reason: "x\r\n\ty" });
    expect(text).toBe("afkill: login of a?]0;x??m closed at 14:05: x???y");
  });
});

describe("sanitise", () => {
  it("replaces each character that is not printable ASCII, and cuts", () => {
    expect(sanitise("é\u{1f600}\u202e~ ")).toBe("???~ ");
    expect(sanitise("x".repeat(1000), 10)).toBe("x".repeat(10));
  });
});

describe("spoken", () => {
  it.each([
    [0, "0 s"],
    [-5, "0 s"],
    [119_400, "119 s"],
    [120_000, "2 min"],
    [840_000, "14 min"],
    [905_000, "15 min 5 s"],
    [5_400_000, "1 h 30 min"],
    [43_201_000, "12 h"],
    [90_000_000, "1 d 1 h"],
  ])("%d ms is %s", (ms, text) => {
    expect(spoken(ms)).toBe(text);
  });
});
