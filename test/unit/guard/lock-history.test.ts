// Logins whose terminals lock, in virtual time: the real loop and the real pure core, on a host where only these things happen.
import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/policy/merge.ts";
import type { Applied, Limits } from "../../../src/policy/policy.ts";
import { guardLogin } from "../../support/virtual-guard.ts";
import { type Happening, type Story, startHost } from "../../support/virtual-host.ts";

const S = 1_000;
const OFF = Number.POSITIVE_INFINITY;
/** A terminal that opens at once is in use until the kernel's bucket ends: it locks this long after the login began. */
const LOCKS_S = 68;
/** No multiple of the times at which a check looks anyway. */
const LOCK_MAX_S = 211;
/** Looks of a check, whole seconds of a watchdog. */
const LATE_S = 3;
/** A watchdog in virtual time hears of what happens at a lock when its slice is over. */
const SLICE_S = 21;

function policy(limits: Partial<Limits> = {}, exempt: Exempt = {}): Applied {
  const some: Partial<Limits> = {
    idleTimeoutMs: 60 * S,
    warnBeforeMs: [20 * S],
    busyMaxMs: OFF,
    activity: ["input", "busy", "transfer"],
    atLimit: "lock",
    lockMaxMs: LOCK_MAX_S * S,
    lockTries: 3,
  };
  return { rule: "top level", exempt: false, ...exempt, limits: { ...DEFAULT_LIMITS, ...some, ...limits } };
}

/** Whether a login is exempt, and how long it may last all the same. */
type Exempt = Partial<Pick<Applied, "exempt" | "exemptMaxLoginMs">>;

/** Something that a check decided: when, in seconds of running time; what; on which terminal, by its number; why. */
interface Event {
  readonly atS: number;
  readonly kind: string;
  readonly on: number | undefined;
  readonly why: string | undefined;
}

const at = (atS: number, deed: object) => ({ ...deed, atMs: atS * S }) as Happening;
const opens = (terminal = 1) => at(0.1, { kind: "open", terminal });
const every = (fromS: number, toS: number, stepS: number, deed: object) =>
  Array.from({ length: Math.ceil((toS - fromS) / stepS) }, (_, n) => at(fromS + n * stepS, deed));

/** Plays a login for ten minutes, or `untilS`. Its watchdog is root's. */
async function play(
  happenings: readonly Happening[],
  { limits, untilS = 600, ...exempt }: Exempt & { limits?: Partial<Limits>; untilS?: number } = {},
) {
  const story: Story = {
    policy: policy(limits, exempt),
    happenings,
    untilMs: untilS * S,
    isRoots: true,
    suspendedMs: 0,
    bootMs: 100 * S,
    wallMs: 1_700_000_000 * S,
  };
  const host = startHost(story, () => undefined);
  const events: Event[] = [];
  await guardLogin(story, host, {
    looked: ({ verdict, scene }) => {
      for (const it of verdict.decisions) {
        const why = it.kind === "lock" ? it.cause : "reason" in it ? it.reason : undefined;
        const on = "id" in it ? host.numberOf(it.id) : undefined;
        events.push({ atS: host.runMs() / S, kind: it.kind, on, why });
      }
      // What is decided about a locked terminal is its end.
      for (const it of verdict.decisions)
        if ("id" in it && scene.observation.locks?.[it.id]) expect(it.kind).toBe("hang-up");
    },
    saved: () => undefined,
  });
  return { events, host, kinds: events.map(({ kind, why }) => (why ? `${kind} ${why}` : kind)) };
}

/** That this happened at that time, or a little later. */
function expectAt(event: Event | undefined, what: Partial<Event>, fromS: number, lateS = LATE_S) {
  expect(event).toMatchObject(what);
  expect(event?.atS).toBeGreaterThanOrEqual(fromS);
  expect(event?.atS).toBeLessThan(fromS + lateS);
}

describe("an idle terminal", () => {
  test("is warned, locks at the limit instead of ending, and ends when it was locked for lock_max", async () => {
    const { events, kinds } = await play([opens()]);
    expect(kinds).toEqual(["notice", "lock idle", "end lock_max"]);
    expectAt(events[0], { on: 1 }, LOCKS_S - 20);
    expectAt(events[1], { on: 1 }, LOCKS_S);
    expectAt(events[2], {}, (events[1]?.atS ?? 0) + LOCK_MAX_S);
  });

  test("stays locked where lock_max is off", async () => {
    expect((await play([opens()], { limits: { lockMaxMs: OFF }, untilS: 7_200 })).kinds).toEqual([
      "notice",
      "lock idle",
    ]);
  });

  test("locks at once where the policy gives no notices", async () => {
    const { events, kinds } = await play([opens()], { limits: { warnBeforeMs: [] } });
    expect(kinds).toEqual(["lock idle", "end lock_max"]);
    expectAt(events[0], {}, LOCKS_S);
  });

  test("whose notice is answered does not lock", async () => {
    const { kinds } = await play([opens(), at(60, { kind: "key", terminal: 1 })], { untilS: 100 });
    expect(kinds).toEqual(["notice", "stay"]);
  });

  test("ends as ever under at_limit = end", async () => {
    expect((await play([opens()], { limits: { atLimit: "end" } })).kinds).toEqual(["notice", "end idle"]);
  });
});

describe("while it is locked", () => {
  const ended = ["notice", "lock idle", "end lock_max"];
  const endsAtS = LOCKS_S + LOCK_MAX_S;

  test.each(["key", "unread key", "work", "transfer"])("a %s is no activity", async (kind) => {
    const deeds = every(LOCKS_S + 5, endsAtS, 7, { kind, terminal: 1 });
    const { events, kinds } = await play([opens(), ...deeds]);
    expect(kinds).toEqual(ended);
    expectAt(events[2], {}, endsAtS, 2 * LATE_S);
  });

  test("a stay that its user asked for before does not keep it from lock_max", async () => {
    const stay = at(10, { kind: "stay", terminal: 1, forMs: 15 * S });
    expect((await play([opens(), stay])).kinds).toEqual(ended);
  });

  test("the time in which the host is suspended does not count", async () => {
    const suspend = (atS: number) => at(atS, { kind: "suspend", forMs: 3_600 * S });
    const { events, host } = await play([opens(), suspend(20), suspend(100)], { untilS: 1_000 });
    const [, lock, end] = events;
    expect(end).toMatchObject({ kind: "end", why: "lock_max" });
    expectAt(end, {}, (lock?.atS ?? 0) + LOCK_MAX_S, 2 * LATE_S);
    expect(host.bootMs() - 100 * S).toBeGreaterThan(7_200 * S);
  });

  test("the wall clock may be set", async () => {
    const { events } = await play([opens(), at(100, { kind: "step", byMs: -86_400 * S })]);
    expectAt(events[2], { kind: "end", why: "lock_max" }, endsAtS, 2 * LATE_S);
  });

  test("as many wrong answers as lock_tries end it, fewer do not", async () => {
    const wrong = (atS: number) => at(atS, { kind: "wrong answer", terminal: 1 });
    expect((await play([opens(), wrong(80), wrong(90)])).kinds).toEqual(ended);
    const { events, kinds } = await play([opens(), wrong(80), wrong(90), wrong(100)]);
    expect(kinds).toEqual(["notice", "lock idle", "end lock_tries"]);
    expectAt(events[2], {}, 100, SLICE_S);
  });

  test("max_login ends the login, with notices that count down all the same", async () => {
    const { events, kinds } = await play([opens()], { limits: { maxLoginMs: 150 * S } });
    expect(kinds).toEqual(["notice", "lock idle", "notice", "end max_login"]);
    expectAt(events[3], {}, 150);
  });

  test("it ends with its memory gone", async () => {
    const { events, kinds } = await play([opens(), at(100, { kind: "kill", forgets: true, downMs: 5 * S })]);
    expect(kinds).toEqual(ended);
    expectAt(events[2], {}, endsAtS, 2 * LATE_S);
  });

  test("a policy that says end does not end it at once, and a shorter lock_max counts from the lock", async () => {
    const changed = (limits: Partial<Limits>) => at(100, { kind: "policy", applied: policy(limits) });
    const { events } = await play([opens(), changed({ atLimit: "end", lockMaxMs: 100 * S })]);
    expectAt(events[2], { kind: "end", why: "lock_max" }, LOCKS_S + 100, 2 * LATE_S);
  });
});

describe("a terminal that was unlocked", () => {
  test("has the whole limit again, from the unlocking on", async () => {
    const { events, kinds } = await play([opens(), at(200, { kind: "unlock", terminal: 1 })]);
    expect(kinds).toEqual(["notice", "lock idle", "notice", "lock idle", "end lock_max"]);
    expect(events[3]?.atS).toBeGreaterThan(200 + 60);
    expectAt(events[3], {}, 200 + 60, SLICE_S + LATE_S + 8);
  });

  test("does not lock again at once, however soon it was unlocked", async () => {
    const { events, kinds } = await play([opens(), at(LOCKS_S + 1.5, { kind: "unlock", terminal: 1 })]);
    expect(kinds.slice(0, 3)).toEqual(["notice", "lock idle", "notice"]);
    expect(events[3]?.atS).toBeGreaterThan(LOCKS_S + 60);
  });

  test("begins anew with its wrong answers", async () => {
    const wrong = (atS: number) => at(atS, { kind: "wrong answer", terminal: 1 });
    const { kinds } = await play(
      [opens(), wrong(80), wrong(81), at(90, { kind: "unlock", terminal: 1 }), wrong(200), wrong(201)],
      { untilS: 300 },
    );
    expect(kinds).toEqual(["notice", "lock idle", "notice", "lock idle"]);
  });
});

describe("of two terminals", () => {
  const typing = (terminal: number, toS = 600) => every(5, toS, 10, { kind: "key", terminal });

  test("only the idle one locks and ends, and the other goes on", async () => {
    const { events, kinds, host } = await play([opens(1), opens(2), ...typing(2)], { untilS: 400 });
    expect(kinds).toEqual(["notice", "lock idle", "hang-up lock_max"]);
    expect(new Set(events.map(({ on }) => on))).toEqual(new Set([1]));
    expect(host.openTerminals()).toHaveLength(1);
  });

  test("each locks on its own, and the login ends when both have been locked for lock_max", async () => {
    const { events, kinds } = await play([opens(1), opens(2), ...typing(2, 100)]);
    expect(kinds).toEqual(["notice", "lock idle", "notice", "lock idle", "hang-up lock_max", "end lock_max"]);
    expect(events.map(({ on }) => on)).toEqual([1, 1, 2, 2, 1, undefined]);
  });

  test("both lock at the same moment, each for itself", async () => {
    const { events, kinds } = await play([opens(1), opens(2)]);
    expect(kinds).toEqual(["notice", "notice", "lock idle", "lock idle", "end lock_max"]);
    expect(events.slice(2, 4).map(({ on }) => on)).toEqual([1, 2]);
  });

  test("wrong answers at one do not end the other", async () => {
    const wrong = every(LOCKS_S + 5, LOCKS_S + 11, 2, { kind: "wrong answer", terminal: 1 });
    const { events } = await play([opens(1), opens(2), ...wrong], { untilS: 150 });
    expect(events.at(-1)).toMatchObject({ kind: "hang-up", on: 1, why: "lock_tries" });
  });
});

describe("what cannot be locked", () => {
  test("ends at its limit, once the lock has failed, and is not warned again", async () => {
    const { events, kinds } = await play([at(1, { kind: "locks fail" }), opens()]);
    expect(kinds).toEqual(["notice", "lock idle", "end idle"]);
    expectAt(events[2], {}, LOCKS_S + 1);
  });

  test("ends too where the policy gives no notices", async () => {
    const { kinds } = await play([at(1, { kind: "locks fail" }), opens()], { limits: { warnBeforeMs: [] } });
    expect(kinds).toEqual(["lock idle", "end idle"]);
  });

  test("is hung up alone where another terminal is in use", async () => {
    const { kinds, host } = await play(
      [at(1, { kind: "locks fail" }), opens(1), opens(2), ...every(5, 120, 10, { kind: "key", terminal: 2 })],
      { untilS: 110 },
    );
    expect(kinds).toEqual(["notice", "lock idle", "hang-up idle"]);
    expect(host.openTerminals()).toHaveLength(1);
  });

  test("is tried again the next time", async () => {
    const key = at(LOCKS_S + 0.5, { kind: "unread key", terminal: 1 });
    const works = at(LOCKS_S + 2, { kind: "locks work" });
    const { kinds } = await play([at(1, { kind: "locks fail" }), opens(), key, works], { untilS: 200 });
    expect(kinds).toEqual(["notice", "lock idle", "stay", "notice", "lock idle"]);
  });

  test("and was only asked for lives on", async () => {
    const ask = at(20, { kind: "ask", terminal: 1, cause: "user" });
    const { kinds } = await play([at(1, { kind: "locks fail" }), opens(), ask], { untilS: 45 });
    expect(kinds).toEqual(["lock user"]);
  });

  test("a login without a terminal ends at no_terminal as before", async () => {
    const { kinds } = await play([], { limits: { noTerminalMs: 60 * S } });
    expect(kinds).toEqual(["notice", "end idle"]);
  });
});

describe("a lock that somebody asked for", () => {
  const ask = (cause: "user" | "administrator", atS = 20) => at(atS, { kind: "ask", terminal: 1, cause });

  test.each(["user", "administrator"] as const)("by the %s stands at once", async (cause) => {
    const { events, kinds } = await play([opens(), ask(cause)]);
    expect(kinds).toEqual([`lock ${cause}`, "end lock_max"]);
    expectAt(events[0], { on: 1 }, 20, SLICE_S);
    expectAt(events[1], {}, (events[0]?.atS ?? 0) + LOCK_MAX_S);
  });

  test("stands under at_limit = end too, and takes the place of a notice", async () => {
    const { kinds } = await play([opens(), ask("user", 55)], { limits: { atLimit: "end" } });
    expect(kinds).toEqual(["notice", "lock user", "end lock_max"]);
  });

  test("stands for a user whom nothing ends: such a lock lasts", async () => {
    const { kinds } = await play([opens(), ask("user")], { exempt: true, untilS: 7_200 });
    expect(kinds).toEqual(["lock user"]);
  });

  test("ends with an exempt login that is as old as it may get, after its notices", async () => {
    const exempt = { exempt: true, exemptMaxLoginMs: 150 * S };
    const { events, kinds } = await play([opens(), ask("user")], exempt);
    expect(kinds).toEqual(["lock user", "notice", "end max_login"]);
    expectAt(events[1], {}, 130);
    expectAt(events[2], {}, 150);
  });

  test("is about its terminal only", async () => {
    const { events } = await play([opens(1), opens(2), ask("user")], { untilS: 45 });
    expect(events).toMatchObject([{ kind: "lock", on: 1 }]);
  });

  test("changes nothing where it is locked already", async () => {
    const { kinds } = await play([opens(), ask("user"), ask("administrator", 100)]);
    expect(kinds).toEqual(["lock user", "end lock_max"]);
  });
});
