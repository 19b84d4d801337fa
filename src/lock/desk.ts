// Where the user of a locked terminal proves who they are: what is shown, what is typed, and how many wrong answers there were.

import { type AttemptHost, type AttemptVerdict, newAttempts, type Shown } from "./attempts.ts";
import { recordLock } from "./audit.ts";
import type { Face } from "./face.ts";
import type { LockOrder } from "./order.ts";
import { type LockFacts, type News, screenText } from "./screen-text.ts";
import type { Seized } from "./seize.ts";
import { wakeWatchdog } from "./wake.ts";

/** What stands at the prompt between attempts. To type the answer at once works too. */
const INVITATION = "Press Enter to unlock";

export interface Desk {
  /** Takes what was typed, and fills it with 0. */
  readonly feed: (bytes: Buffer) => void;
  /** Nothing is asked for while somebody else could read it; `undefined` for nobody. */
  readonly setReader: (reader: string | undefined) => Promise<void>;
  /** Whether the account has a password of its own. */
  readonly setPassword: (hasPassword: boolean | undefined) => Promise<void>;
  readonly close: () => void;
}

/** What a desk works with. */
export interface DeskParts {
  readonly order: LockOrder;
  readonly seized: Pick<Seized, "record" | "note">;
  readonly face: Face;
  readonly facts: LockFacts;
  readonly onRight: () => void;
  readonly converse?: AttemptHost["converse"];
}

/** Opens the desk and draws the screen. */
export async function openDesk({ order, seized, face, facts, onRight, converse }: DeskParts): Promise<Desk> {
  let { hasPassword } = facts;
  let reader: string | undefined;
  let news: News | undefined;
  let shown: Shown = { question: INVITATION, typed: "", said: [] };

  const isClosed = () => seized.record().wrongAnswers >= order.tries;
  const mayAsk = () => reader === undefined && hasPassword !== false && !isClosed();
  const draw = () => {
    const current = reader === undefined || isClosed() ? news : ({ kind: "watched", by: reader } as const);
    const asked = mayAsk()
      ? shown
      : { ...shown, question: hasPassword === false ? "" : undefined, typed: "" };
    return face.show(screenText({ ...facts, hasPassword }, { ...asked, news: current }));
  };
  const count = async (text: string) => {
    const wrongAnswers = seized.record().wrongAnswers + 1;
    seized.note(wrongAnswers);
    const triesLeft = order.tries - wrongAnswers;
    news = triesLeft > 0 ? { kind: "wrong", triesLeft } : { kind: "closes" };
    const outcome = `${wrongAnswers} of ${order.tries}`;
    await recordLock(order, { action: "wrong-answer", cause: null, outcome, reason: text });
    if (triesLeft <= 0) wakeWatchdog(order.login);
  };
  const onEnd = async (verdict: AttemptVerdict) => {
    if (verdict.kind === "right") return onRight();
    news = verdict.kind === "undecided" ? { kind: "fault", why: verdict.text } : undefined;
    if (verdict.kind === "wrong") await count(verdict.text);
    shown = { question: INVITATION, typed: "", said: verdict.kind === "given up" ? [] : shown.said };
    await draw();
  };
  const subject = {
    user: order.login.user,
    tty: order.terminal,
    rhost: order.login.client?.address ?? "",
  };
  const show = (next: Shown) => {
    news = undefined;
    shown = next;
    return draw();
  };
  const attempts = newAttempts({ subject, mayAsk, show, onEnd, ...(converse && { converse }) });
  await draw();
  return {
    feed: attempts.feed,
    setReader: async (next) => {
      if (next === reader) return;
      reader = next;
      if (reader !== undefined) attempts.stop();
      await draw();
    },
    setPassword: async (next) => {
      hasPassword = next;
      await draw();
    },
    close: attempts.stop,
  };
}
