// What is typed at a locked terminal goes to PAM: one attempt at a time, which begins with the first key.
import { type Answer, newAnswer } from "./answer.ts";
import { converse, type Decision, NO_DECISION, type PamSubject } from "./conversation.ts";
import type { ScreenPrompt } from "./screen-text.ts";

/** What the screen shows of an attempt. */
export type Shown = Pick<ScreenPrompt, "question" | "typed" | "said">;

/** What the attempts need of the lock. */
export interface AttemptHost {
  readonly subject: PamSubject;
  /** Whether a password may be asked for now. */
  readonly mayAsk: () => boolean;
  readonly show: (shown: Shown) => Promise<void>;
  /** Called at the end of each attempt. It may take its time: meanwhile nothing that is typed is taken. */
  readonly onEnd: (verdict: AttemptVerdict) => Promise<void>;
  readonly converse?: typeof converse;
}

/** How an attempt ended. Who gave up, or whom PAM could not judge, has guessed nothing. */
export type AttemptVerdict =
  | { readonly kind: "right" }
  | { readonly kind: "wrong"; readonly text: string }
  | { readonly kind: "undecided"; readonly text: string }
  | { readonly kind: "given up" };

export interface Attempts {
  /** Takes what was typed, and fills it with 0. */
  readonly feed: (bytes: Buffer) => void;
  /** Gives up the attempt that is under way. */
  readonly stop: () => void;
}

/** Who walks away in the middle of an answer leaves it behind for so long. */
const UNANSWERED_MS = 60_000;
/** After an attempt PAM is not asked again for so long: a key that is held down starts no process after the other. */
const REST_MS = 1_000;
/** What still comes after an answer, with no longer pause than this, is the rest of a paste: it is no further answer. */
const PAUSE_MS = 500;
/** PAM could not decide, so nothing was guessed (Linux-PAM's _pam_types.h): the service, its modules or a server are at fault. */
const UNDECIDED = new Set([NO_DECISION, 1, 2, 3, 4, 5, 9, 18, 19, 20, 26, 28]);

/** No attempt is under way. */
export function newAttempts(host: AttemptHost): Attempts {
  let attempt: Attempt | undefined;
  let restUntilMs = 0;
  let lastUnheardMs = Number.NEGATIVE_INFINITY;
  const answer = newAnswer();
  const begin = () => {
    const begun = beginAttempt(host, answer, restUntilMs - performance.now());
    attempt = begun;
    void begun.ended.then(() => {
      attempt = undefined;
      restUntilMs = performance.now() + REST_MS;
      lastUnheardMs = begun.lastUnheardMs();
    });
  };
  const isRestOfPaste = () => {
    if (attempt || performance.now() - lastUnheardMs >= PAUSE_MS) return false;
    lastUnheardMs = performance.now();
    return true;
  };
  return {
    feed: (bytes) => {
      const { line, shown } = answer.feed(bytes);
      if (!host.mayAsk() || isRestOfPaste()) {
        answer.clear();
        line?.fill(0);
        return;
      }
      if (!attempt && (line || shown > 0)) begin();
      attempt?.take(line, shown);
    },
    stop: () => attempt?.stop(),
  };
}

interface Attempt {
  readonly take: (line: Buffer | undefined, shown: number) => void;
  readonly stop: () => void;
  /** When something was typed last that came after an answer, and before the next question; in ms of `performance.now`. */
  readonly lastUnheardMs: () => number;
  /** Never rejects. */
  readonly ended: Promise<void>;
}

interface Question {
  readonly text: string;
  readonly echo: boolean;
  readonly reply: (line: Buffer) => void;
}

/** What is typed is taken at once; PAM is asked after the rest. */
function beginAttempt(host: AttemptHost, answer: Answer, restMs: number): Attempt {
  const abort = new AbortController();
  const said: string[] = [];
  let question: Question | undefined;
  let isFirst = true;
  let isOver = false;
  /** Typed before PAM has asked. */
  let early: Buffer | undefined;
  let timer: NodeJS.Timeout | undefined;
  let lastUnheardMs = Number.NEGATIVE_INFINITY;

  const show = (shown: number) => {
    const typed = question?.echo ? answer.text() : "*".repeat(shown);
    return host.show({ question: question?.text, typed, said });
  };
  const drop = (line: Buffer | undefined) => {
    answer.clear();
    line?.fill(0);
  };
  const reply = (line: Buffer) => {
    clearTimeout(timer);
    question?.reply(line);
    question = undefined;
    isFirst = false;
  };
  const take = (line: Buffer | undefined, shown: number) => {
    if (!question && !isFirst) lastUnheardMs = performance.now();
    if (isOver) return drop(line);
    timer?.refresh();
    if (!line) return void show(shown);
    if (!question) {
      early?.fill(0);
      early = line;
    } else if (line.length === 0 && isFirst && !question.echo) abort.abort();
    else reply(line);
  };
  const ask = async (text: string, echo: boolean) => {
    const { promise, resolve } = Promise.withResolvers<Buffer>();
    question = { text, echo, reply: resolve };
    // A password may be typed at once, but nothing that was typed unseen is shown.
    if (!isFirst || echo) answer.clear();
    await show(answer.text().length);
    timer = setTimeout(() => abort.abort(), UNANSWERED_MS);
    if (isFirst && !echo && early?.length) reply(early);
    else early?.fill(0);
    early = undefined;
    return promise;
  };
  const say = async (text: string) => {
    said.push(text);
    await show(0);
  };
  const run = async () => {
    // Never at once: the key that began the attempt is no answer yet.
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, restMs)));
    const decision = await (host.converse ?? converse)(host.subject, { ask, say, signal: abort.signal });
    isOver = true;
    clearTimeout(timer);
    drop(early);
    await host.onEnd(abort.signal.aborted ? { kind: "given up" } : verdictOf(decision));
  };
  return {
    take,
    stop: () => abort.abort(),
    lastUnheardMs: () => lastUnheardMs,
    ended: run().catch(() => undefined),
  };
}

function verdictOf({ code, text }: Decision): AttemptVerdict {
  if (code === 0) return { kind: "right" };
  return { kind: UNDECIDED.has(code) ? "undecided" : "wrong", text };
}
