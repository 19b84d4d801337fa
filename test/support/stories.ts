// Stories of logins, made up by fast-check: what happens to them, and under which policies.
import fc from "fast-check";
import { DEFAULT_LIMITS } from "../../src/policy/merge.ts";
import type { Applied, Limits } from "../../src/policy/policy.ts";
import type { Deed, Happening, Story } from "./virtual-host.ts";

const S = 1000;
const MINUTE = 60 * S;
const HOUR = 3600 * S;
const DAY = 24 * HOUR;
const OFF = Number.POSITIVE_INFINITY;

const seconds = (min: number, max: number) => fc.integer({ min, max }).map((s) => s * S);
const sometimes = <T>(arbitrary: fc.Arbitrary<T>, weight = 1, rest = 3) =>
  fc.oneof({ weight, arbitrary }, { weight: rest, arbitrary: fc.constant(OFF) });

/** Policies with limits of about so long. */
function policies(shortestS: number, longestS: number, longestNoticeS: number): fc.Arbitrary<Applied> {
  const limit = seconds(shortestS, longestS);
  const made = fc.record({
    idleTimeoutMs: sometimes(limit, 6, 1),
    warnBeforeMs: fc
      .uniqueArray(fc.oneof(seconds(1, 20), seconds(1, longestNoticeS)), { maxLength: 3 })
      .map((stages) => stages.sort((a, b) => b - a)),
    activity: fc.constant(["input"] as const),
    busyMaxMs: fc.constant(OFF),
    noTerminalMs: sometimes(limit, 1, 1),
    maxLoginMs: sometimes(seconds(shortestS, 3 * longestS)),
    maxStayMs: sometimes(limit, 1, 1),
  });
  const limits = made.map((some): Limits => ({ ...DEFAULT_LIMITS, ...some }));
  const exempt = fc.oneof(
    { weight: 1, arbitrary: fc.constant(true) },
    { weight: 9, arbitrary: fc.constant(false) },
  );
  return fc.record({ rule: fc.constant("top level"), exempt, limits });
}

const terminal = fc.constantFrom(1, 1, 1, 2, 3);

/** Clocks that are set, machines that sleep. */
const disturbances = (longestMs: number): fc.Arbitrary<Deed>[] => [
  fc.record({
    kind: fc.constant("step"),
    byMs: fc.oneof(
      fc.integer({ min: -12 * S, max: 12 * S }),
      fc.integer({ min: -2 * longestMs, max: 2 * longestMs }),
      fc.constantFrom(HOUR, -HOUR, DAY, -DAY, -400 * DAY),
    ),
  }),
  fc.record({
    kind: fc.constant("suspend"),
    forMs: fc.oneof(fc.integer({ min: 1, max: 12 * S }), fc.integer({ min: 1, max: 2 * longestMs })),
  }),
];

/** All that can happen, keys more often. */
function deeds(longestS: number, policy: fc.Arbitrary<Applied | "broken">): fc.Arbitrary<Deed> {
  const key: fc.Arbitrary<Deed> = fc.record({ kind: fc.constantFrom("key", "key", "unread key"), terminal });
  const others: fc.Arbitrary<Deed>[] = [
    fc.record({ kind: fc.constantFrom("open", "open", "close"), terminal }),
    fc.record({ kind: fc.constant("stay"), terminal, forMs: seconds(1, 2 * longestS) }),
    fc.record({ kind: fc.constantFrom("transfer", "command") }),
    ...disturbances(longestS * S),
    fc.record({ kind: fc.constant("late"), byMs: fc.integer({ min: 1, max: 30 * S }) }),
    fc.record({ kind: fc.constant("policy"), applied: policy }),
    fc.record({ kind: fc.constantFrom("checks fail", "checks work", "checks work") }),
    fc.record({
      kind: fc.constant("kill"),
      forgets: fc.boolean(),
      downMs: fc.integer({ min: 0, max: 90 * S }),
    }),
  ];
  return fc.oneof({ weight: 6, arbitrary: key }, ...others.map((arbitrary) => ({ weight: 1, arbitrary })));
}

/** Deeds at times that follow each other: at once, close to the limit, or anywhere. */
function happenings(
  deed: fc.Arbitrary<Deed>,
  most: number,
  pause: (limitMs: number) => fc.Arbitrary<number>,
  limitMs: number,
) {
  return fc.array(fc.tuple(pause(limitMs), deed), { maxLength: most }).map((pairs) => {
    let atMs = 0;
    return pairs.map(([pauseMs, it]): Happening => {
      atMs += Math.max(0, pauseMs);
      return { ...it, atMs };
    });
  });
}

/** So that policies made up on the way are about the same limits, and times come close to them. */
function shortestLimit({ limits }: Applied, otherwiseMs: number): number {
  const shortestMs = Math.min(limits.idleTimeoutMs, limits.noTerminalMs, limits.maxLoginMs);
  return Number.isFinite(shortestMs) ? shortestMs : otherwiseMs;
}

const clocks = {
  isRoots: fc.boolean(),
  suspendedMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 90 * S })),
  bootMs: fc.integer({ min: 100 * S, max: 200 * S }),
  wallMs: fc.integer({ min: 1_700_000_000 * S, max: 1_700_000_100 * S }),
};

/** The first terminal mostly opens at once. */
const opening: fc.Arbitrary<Happening[]> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Happening[]>([{ kind: "open", terminal: 1, atMs: 100 }]) },
  { weight: 1, arbitrary: fc.constant<Happening[]>([]) },
);

function stories(
  policy: fc.Arbitrary<Applied>,
  deed: fc.Arbitrary<Deed>,
  most: number,
  pause: (limitMs: number) => fc.Arbitrary<number>,
  restMs: (limitMs: number) => number,
): fc.Arbitrary<Story> {
  return policy.chain((first) => {
    const limitMs = shortestLimit(first, HOUR);
    return fc
      .record({
        policy: fc.constant(first),
        opening,
        rest: happenings(deed, most, pause, limitMs),
        ...clocks,
      })
      .map(({ opening, rest, ...story }) => ({
        ...story,
        happenings: [...opening, ...rest],
        untilMs: (rest.at(-1)?.atMs ?? 0) + restMs(limitMs),
      }));
  });
}

const STORMY_LONGEST_S = 1800;
const stormyPolicy = policies(2, STORMY_LONGEST_S, 600);

/** Everything at once, under limits of seconds to half an hour. */
export const stormy = stories(
  stormyPolicy,
  deeds(STORMY_LONGEST_S, fc.oneof(stormyPolicy, stormyPolicy, fc.constant("broken" as const))),
  30,
  (limitMs) =>
    fc.oneof(
      fc.integer({ min: 0, max: 3 * S }),
      fc.integer({ min: 0, max: 25 * S }),
      fc.integer({ min: limitMs - 25 * S, max: limitMs + 25 * S }),
      fc.integer({ min: 0, max: 2 * limitMs }),
    ),
  () => 3 * HOUR,
);

const LONG_S = 30 * 24 * 3600;
const longPolicy = policies(4 * 3600, LONG_S, 60);

/** Weeks and months of people who come back once in a while, under limits of hours to a month; a broken policy is looked at each minute. */
export const long = stories(
  longPolicy,
  deeds(LONG_S, longPolicy),
  24,
  (limitMs) =>
    fc.oneof(
      fc.integer({ min: limitMs - MINUTE, max: limitMs + MINUTE }),
      fc.integer({ min: 0, max: limitMs }),
      fc.integer({ min: 0, max: 3 * DAY }),
    ),
  () => 120 * DAY,
);
