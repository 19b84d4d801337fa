// Each kind of thing that a terminal sends by itself, and each that a person makes, on its way through a wrapped terminal: only the second
// is activity, in one read or cut anywhere.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { keysTo } from "../../../src/wrap/keys.ts";
import type { View } from "../../../src/wrap/view.ts";
import { CLICKS, KEYS, MOTIONS, PASTES, REPLIES } from "../../support/terminal-input.ts";

const clock = vi.hoisted(() => ({ bootMs: 0 }));
vi.mock("../../../src/system/clock.ts", () => ({ readClocks: () => ({ bootMs: clock.bootMs, wallMs: 0 }) }));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** In one read, in two, and byte by byte. */
function everyCut(text: string): Buffer[][] {
  const bytes = Buffer.from(text);
  const each = Array.from(bytes, (byte) => Buffer.of(byte));
  const inTwo = each.slice(1).map((_, at) => [bytes.subarray(0, at + 1), bytes.subarray(at + 1)]);
  return [[bytes], ...inTwo, each];
}

type Activity = "a key" | "motion" | "none";

/** What these reads come to, a moment apart each; `questions`: how often a program has asked for the cursor's position. */
async function through(reads: readonly Buffer[], questions: number) {
  clock.bootMs = 1;
  const passed: Buffer[] = [];
  const view = { isBarSeen: false, setBar: async () => false, cursorQuestions: async () => questions };
  const keys = keysTo((bytes) => void passed.push(bytes), view as unknown as View);
  clock.bootMs = 2;
  for (const bytes of reads) {
    keys.take(bytes);
    await vi.advanceTimersByTimeAsync(20);
  }
  await vi.advanceTimersByTimeAsync(1000);
  const activity: Activity = keys.lastKeyMs === 2 ? "a key" : keys.lastMotionMs === 2 ? "motion" : "none";
  return { activity, passed: Buffer.concat(passed).toString() };
}

async function expectOfEveryCut(text: string, activity: Activity, questions = 0): Promise<void> {
  for (const reads of everyCut(text))
    expect(await through(reads, questions), JSON.stringify(reads.map(String))).toEqual({
      activity,
      passed: text,
    });
}

const all = (...tables: readonly Readonly<Record<string, string>>[]) =>
  tables.flatMap(Object.entries<string>);

describe("goes through and is no activity, however it is cut", () => {
  test.each(all(REPLIES))("%s", (_, text) => expectOfEveryCut(text, "none"));
  test("the cursor's position where F3 looks alike, and a program has asked", () =>
    expectOfEveryCut("\x1b[1;5R", "none", 1));
  test("the marks of a paste alone", () => expectOfEveryCut("\x1b[200~\x1b[201~", "none"));
});

describe("goes through and is a key, however it is cut", () => {
  test.each(all(KEYS, PASTES, CLICKS))("%s", (_, text) => expectOfEveryCut(text, "a key"));
  test.each(all(REPLIES))("a letter right before %s", (_, text) => expectOfEveryCut(`x${text}`, "a key"));
  test.each(all(REPLIES))("a letter right behind %s", (_, text) => expectOfEveryCut(`${text}x`, "a key"));
});

describe("goes through and is motion, however it is cut", () => {
  test.each(all(MOTIONS))("%s", (_, text) => expectOfEveryCut(text, "motion"));
});
