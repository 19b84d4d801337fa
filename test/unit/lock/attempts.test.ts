// Attempts to unlock, with a PAM that the test plays.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type AttemptHost,
  type AttemptVerdict,
  newAttempts,
  type Shown,
} from "../../../src/lock/attempts.ts";
import type { Decision, PamIo } from "../../../src/lock/conversation.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);

/** Attempts whose PAM does what the test tells it. */
function desk(mayAsk = () => true) {
  const shown: Shown[] = [];
  const verdicts: AttemptVerdict[] = [];
  const talks: { io: PamIo; end: (decision: Decision) => void }[] = [];
  const host: AttemptHost = {
    subject: { user: "alice", tty: "pts/3", rhost: "" },
    mayAsk,
    show: async (it) => {
      shown.push({ ...it, said: [...it.said] });
    },
    onEnd: async (verdict) => {
      verdicts.push(verdict);
    },
    converse: (_, io) =>
      new Promise((resolve) => {
        io.signal.addEventListener("abort", () => resolve({ code: -1, text: "stopped" }));
        talks.push({ io, end: resolve });
      }),
  };
  const attempts = newAttempts(host);
  const type = async (keys: string) => {
    const bytes = Buffer.from(keys);
    attempts.feed(bytes);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    await settle();
  };
  return { type, talks, verdicts, stop: attempts.stop, last: () => shown.at(-1) };
}

describe("an attempt", () => {
  test("begins with the first key, and what was typed before the question answers it", async () => {
    const { type, talks, verdicts } = desk();
    await type("");
    expect(talks).toHaveLength(0);
    await type("sec");
    await type("ret\r");
    expect(talks).toHaveLength(1);
    expect((await talks[0]?.io.ask("Password: ", false))?.toString()).toBe("secret");
    talks[0]?.end({ code: 0, text: "" });
    await settle();
    expect(verdicts).toEqual([{ kind: "right" }]);
  });

  test("shows a star for each character, and the text of an answer that may be seen", async () => {
    const { type, talks, last } = desk();
    await type("\r");
    const answer = talks[0]?.io.ask("Password: ", false);
    await type("abc");
    expect(last()).toEqual({ question: "Password: ", typed: "***", said: [] });
    await type("\r");
    expect((await answer)?.toString()).toBe("abc");
    await talks[0]?.io.say("A code was sent.", false);
    const code = talks[0]?.io.ask("Code: ", true);
    await type("12");
    expect(last()).toEqual({ question: "Code: ", typed: "12", said: ["A code was sent."] });
    await type("\r");
    expect((await code)?.toString()).toBe("12");
  });

  test("shows nothing that was typed unseen", async () => {
    const { type, talks, last } = desk();
    await type("secret");
    void talks[0]?.io.ask("Which way? ", true);
    await settle();
    expect(last()).toEqual({ question: "Which way? ", typed: "", said: [] });
  });

  test("that PAM turns down is wrong; one that it could not judge is not", async () => {
    for (const [code, kind] of [
      [7, "wrong"],
      [10, "wrong"],
      [11, "wrong"],
      [13, "wrong"],
      [9, "undecided"],
      [-1, "undecided"],
    ] as const) {
      const { type, talks, verdicts } = desk();
      await type("\r");
      talks[0]?.end({ code, text: "why" });
      await settle();
      expect(verdicts).toEqual([{ kind, text: "why" }]);
    }
  });

  test("without an answer is given up: by an empty line, after a minute, or when it is stopped", async () => {
    const ways = [
      ({ type }: ReturnType<typeof desk>) => type("\r"),
      () => vi.advanceTimersByTimeAsync(60_000),
      async ({ stop }: ReturnType<typeof desk>) => stop(),
    ];
    for (const way of ways) {
      const it = desk();
      await it.type("\r");
      void it.talks[0]?.io.ask("Password: ", false);
      await settle();
      await way(it);
      await settle();
      expect(it.verdicts).toEqual([{ kind: "given up" }]);
    }
  });

  test("is made of a paste once, however long it takes to come", async () => {
    const { type, talks, verdicts } = desk();
    await type("pasted\rlines\r");
    expect((await talks[0]?.io.ask("Password: ", false))?.toString()).toBe("pasted");
    for (let line = 0; line < 20; line++) {
      await vi.advanceTimersByTimeAsync(200);
      await type("pasted\r");
      if (line === 10) talks[0]?.end({ code: 7, text: "" });
    }
    await vi.advanceTimersByTimeAsync(2_000);
    expect(talks).toHaveLength(1);
    expect(verdicts).toHaveLength(1);
    await type("secret\r");
    expect((await talks[1]?.io.ask("Password: ", false))?.toString()).toBe("secret");
  });

  test("does not begin while nobody may be asked, and waits after another", async () => {
    const closed = desk(() => false);
    await closed.type("secret\r");
    expect(closed.talks).toHaveLength(0);
    const { type, talks } = desk();
    await type("\r");
    talks[0]?.end({ code: 7, text: "" });
    await settle();
    await type("again\r");
    expect(talks).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(talks).toHaveLength(2);
    expect((await talks[1]?.io.ask("Password: ", false))?.toString()).toBe("again");
  });
});
