// What the desk of a locked terminal shows and counts, with a PAM that the test plays.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Decision } from "../../../src/lock/conversation.ts";
import { openDesk } from "../../../src/lock/desk.ts";
import type { LockOrder } from "../../../src/lock/order.ts";
import type { LockRecord } from "../../../src/lock/record.ts";
import type { ScreenText } from "../../../src/lock/screen-text.ts";

const recorded = vi.hoisted(() => [] as unknown[]);
const woken = vi.hoisted(() => [] as unknown[]);
vi.mock("../../../src/audit/record.ts", () => ({ record: async (it: unknown) => void recorded.push(it) }));
vi.mock("../../../src/lock/wake.ts", () => ({ wakeWatchdog: (it: unknown) => woken.push(it) }));

beforeEach(() => {
  vi.useFakeTimers();
  recorded.length = 0;
  woken.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

const login = { user: "alice", uid: 1000, client: { address: "192.0.2.7" } };
const order = { login, terminal: "pts/3", tries: 2, record: { user: "alice" } } as unknown as LockOrder;
const facts = {
  user: "alice",
  host: "h",
  sinceMs: 0,
  cause: "idle",
  by: "",
  idleMs: 60_000,
  closesAt: undefined,
  message: "",
  terminalName: "pts/3",
  hasPassword: undefined,
} as const;

/** A desk; PAM decides `decision` about each attempt at once. */
async function open(decision: Decision) {
  let wrongAnswers = 0;
  let text: ScreenText | undefined;
  const subjects: unknown[] = [];
  const onRight = vi.fn();
  const desk = await openDesk({
    order,
    seized: {
      record: () => ({ wrongAnswers }) as LockRecord,
      note: (count) => {
        wrongAnswers = count;
      },
    },
    face: {
      show: async (it) => {
        text = it;
      },
      refresh: async () => undefined,
      close: async () => undefined,
    },
    facts,
    onRight,
    converse: async (subject) => {
      subjects.push(subject);
      return decision;
    },
  });
  const rows = () => [...(text?.parts.flatMap((part) => part.rows) ?? []), text?.prompt ?? ""].join("\n");
  const attempt = async () => {
    desk.feed(Buffer.from("x\r"));
    await vi.advanceTimersByTimeAsync(1_000);
  };
  return { desk, rows, attempt, onRight, subjects, wrongAnswers: () => wrongAnswers };
}

test("PAM is asked about the user, on the terminal, from the client's host; a right answer is told", async () => {
  const { attempt, subjects, onRight } = await open({ code: 0, text: "" });
  await attempt();
  expect(subjects).toEqual([{ user: "alice", tty: "pts/3", rhost: "192.0.2.7" }]);
  expect(onRight).toHaveBeenCalledOnce();
  expect(recorded).toEqual([]);
});

test("wrong answers are counted, recorded and limited", async () => {
  const { attempt, rows, subjects, wrongAnswers } = await open({ code: 7, text: "no" });
  await attempt();
  expect(wrongAnswers()).toBe(1);
  expect(rows()).toContain("1 try is left");
  expect(recorded).toMatchObject([{ action: "wrong-answer", outcome: "1 of 2", reason: "no" }]);
  expect(woken).toHaveLength(0);
  await attempt();
  expect(rows()).toContain("this terminal closes");
  expect(woken).toEqual([login]);
  await attempt();
  expect(subjects).toHaveLength(2);
});

test("what PAM could not decide counts for nothing", async () => {
  const { attempt, rows, wrongAnswers } = await open({ code: 9, text: "no server" });
  await attempt();
  expect(wrongAnswers()).toBe(0);
  expect(rows()).toContain("no server");
});

test("nothing is asked while somebody could read it, nor of an account without a password", async () => {
  const { attempt, desk, rows, subjects } = await open({ code: 0, text: "" });
  await desk.setReader("process 7 (tmux) outside the login");
  expect(rows()).toContain("process 7 (tmux)");
  await attempt();
  await desk.setReader(undefined);
  expect(rows()).toContain("Press Enter");
  await desk.setPassword(false);
  expect(rows()).toContain("no password");
  await attempt();
  expect(subjects).toHaveLength(0);
});
