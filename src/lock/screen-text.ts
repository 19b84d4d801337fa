// The words on a locked screen. Pure: no I/O, no clock. Every row is printable ASCII, whatever the values hold; PAM's texts come from
// modules and their servers.
import { sanitise } from "../notice/text.ts";
import { shortTime } from "../text/local-time.ts";
import { spoken } from "../text/spoken.ts";
import type { LockCause } from "./record.ts";

/** What a lock tells of itself; it does not change while it stands. */
export interface LockFacts {
  readonly user: string;
  readonly host: string;
  /** When it was locked, in ms since 1970. */
  readonly sinceMs: number;
  readonly cause: LockCause;
  /** The administrator who asked for it; empty for another cause. */
  readonly by: string;
  readonly idleMs: number;
  /** When the terminal closes if nobody unlocks it; `undefined` for never. */
  readonly closesAt: Date | undefined;
  /** The administrator's own line; empty for none. */
  readonly message: string;
  /** As `afkill unlock` takes it: `pts/3`. */
  readonly terminalName: string;
  /** Whether the account has a password of its own; `undefined` if that is not known. */
  readonly hasPassword: boolean | undefined;
}

/** What became of the last attempt, or why there is no other. */
export type News =
  | { readonly kind: "wrong"; readonly triesLeft: number }
  /** PAM did not decide. */
  | { readonly kind: "fault"; readonly why: string }
  /** `lock_tries` wrong answers. */
  | { readonly kind: "closes" }
  /** A process that may not be stopped could read what is typed. */
  | { readonly kind: "watched"; readonly by: string };

/** What changes while a lock stands. */
export interface ScreenPrompt {
  /** What PAM asks, in its words; `undefined` while nothing is asked. */
  readonly question: string | undefined;
  /** What is shown of the answer: a star for each character, or the text if it may be seen. */
  readonly typed: string;
  /** What PAM has said in this attempt, oldest first. */
  readonly said: readonly string[];
  readonly news: News | undefined;
}

/** Rows that belong together. */
export interface Part {
  readonly rows: readonly string[];
  /** Parts with a smaller rank are shown first where there is too little room. */
  readonly rank: number;
  /** Its last rows may stand without the first. */
  readonly mayShrink?: boolean;
}

/** A whole screen, before it is made to fit. */
export interface ScreenText {
  readonly parts: readonly Part[];
  /** The row with the cursor at its end. */
  readonly prompt: string;
}

const LONGEST_NAME = 64;
const MOST_ROWS_OF_PAM = 40;
const WAIT = "Please wait.";

/** The text of a locked screen. */
export function screenText(facts: LockFacts, prompt: ScreenPrompt): ScreenText {
  const { message, hasPassword } = facts;
  const [question = "", ...above] = rowsOf(prompt.question ?? "").reverse();
  const said = [...prompt.said.flatMap(rowsOf), ...above.reverse()].slice(-MOST_ROWS_OF_PAM);
  const parts: readonly Part[] = [
    { rank: 1, rows: ["afkill: this terminal is locked"] },
    { rank: 5, rows: [whoAndWhy(facts)] },
    { rank: 4, rows: facts.closesAt ? [closing(facts.closesAt, facts.sinceMs)] : [] },
    { rank: 6, rows: message === "" ? [] : [sanitise(message)] },
    { rank: hasPassword === false ? 3 : 7, rows: [elsewhere(facts)] },
    { rank: 0, rows: prompt.news ? [told(prompt.news)] : [] },
    { rank: 2, rows: said, mayShrink: true },
  ];
  return { parts: parts.filter(({ rows }) => rows.length > 0), prompt: promptOf(prompt, question) };
}

/** A module may ask with several rows: a choice of devices, for example. The last row is the prompt. */
function rowsOf(text: string): string[] {
  return text
    .split(/\r?\n/)
    .filter((row) => row.trim() !== "")
    .map((row) => sanitise(row));
}

function promptOf({ question, typed, news }: ScreenPrompt, lastRow: string): string {
  if (question !== undefined) return `${lastRow}${/\s$|^$/.test(lastRow) ? "" : " "}${sanitise(typed)}`;
  return news?.kind === "closes" || news?.kind === "watched" ? "" : WAIT;
}

function whoAndWhy({ user, host, sinceMs, cause, by, idleMs }: LockFacts): string {
  // A lock may stand for days, so the date is always there.
  const since = shortTime(sinceMs, 0);
  const why = {
    idle: `idle for ${spoken(idleMs)}`,
    user: "you locked it",
    administrator: by === "" ? "locked by the administrator" : `locked by ${sanitise(by, LONGEST_NAME)}`,
  }[cause];
  return `${sanitise(user, LONGEST_NAME)} on ${sanitise(host, LONGEST_NAME)}, since ${since}: ${why}`;
}

function closing(at: Date, sinceMs: number): string {
  return `Nothing is lost. It closes at ${shortTime(at.getTime(), sinceMs)} unless you unlock it.`;
}

function elsewhere({ hasPassword, terminalName }: LockFacts): string {
  const command = `afkill unlock ${sanitise(terminalName, LONGEST_NAME)}`;
  return hasPassword === false
    ? `This account has no password: unlock from a second login with  ${command}`
    : `Or unlock from a second login with  ${command}`;
}

function told(news: News): string {
  switch (news.kind) {
    case "wrong":
      return `Wrong answer: ${news.triesLeft} ${news.triesLeft === 1 ? "try is" : "tries are"} left.`;
    case "fault":
      return `Nothing was decided: ${sanitise(news.why)}`;
    case "closes":
      return "Too many wrong answers: this terminal closes.";
    case "watched":
      return `No password is asked: ${sanitise(news.by)} can read what is typed here.`;
  }
}
