// The key that answers a bar is swallowed, that key alone, and nothing of it reaches the programs however it is cut.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keysTo } from "../../../src/wrap/keys.ts";
import type { View } from "../../../src/wrap/view.ts";
import { CLICKS, KEYS, PASTES, REPLIES } from "../../support/terminal-input.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What goes on to the programs of these reads, under a bar that asks for a key. */
async function passed(reads: readonly string[], isBarSeen = true): Promise<string> {
  const sent: Buffer[] = [];
  const view = { isBarSeen, setBar: async () => false, cursorQuestions: async () => 0 };
  const keys = keysTo((bytes) => void sent.push(bytes), view as unknown as View);
  keys.awaitAnswer();
  for (const read of reads) {
    keys.take(Buffer.from(read, "latin1"));
    await vi.advanceTimersByTimeAsync(20);
  }
  await vi.advanceTimersByTimeAsync(1000);
  return Buffer.concat(sent).toString("latin1");
}

const answers = Object.entries({ ...KEYS, ...CLICKS });
const latin1 = (text: string) => Buffer.from(text).toString("latin1");
/** Of text, only what comes in one read is one key. */
const isText = (text: string) => !text.startsWith("\x1b");

test.each(answers)("the key that answers a bar goes no further: %s", async (_, text) => {
  const key = latin1(text);
  expect(await passed([key])).toBe("");
  if (!isText(key)) expect(await passed([...key])).toBe("");
});

test.each(answers.filter(([, text]) => isText(text)))(
  "what comes with it goes through: %s",
  async (_, text) => {
    expect(await passed([`${latin1(text)}ls\r`, "pwd\r"])).toBe("ls\rpwd\r");
  },
);

test.each(Object.entries(REPLIES))(
  "what a terminal sends is no answer, and goes through: %s",
  async (_, reply) => {
    expect(await passed([reply, "q", "x"])).toBe(`${reply}x`);
    expect(await passed([...reply, "q", "x"])).toBe(`${reply}x`);
  },
);

test.each(Object.entries(PASTES))(
  "an answer that is more than a key goes through whole: %s",
  async (_, paste) => {
    expect(await passed([paste])).toBe(paste);
    expect(await passed([...paste])).toBe(paste);
  },
);

test("a key goes through where no bar can be seen", async () => {
  expect(await passed(["q"], false)).toBe("q");
});
