// What a user reads. Pure: no I/O, no clock. Every line is printable ASCII, whatever the values hold.
import { spoken } from "../text/spoken.ts";

/** One thing to say, as each kind of screen takes it. The first line says the essential by itself. */
export interface Wording {
  /** Lines for a terminal in line mode: no key is handed on, nor can be counted, before Enter. */
  readonly lineMode: readonly string[];
  /** Lines for a prompt that reads single keys. */
  readonly prompt: readonly string[];
  /** The one line for a full-screen program. */
  readonly bar: string;
}

/** What a warning tells. */
export interface WarningFacts {
  readonly user: string;
  /** `max_login`: the login is too old; `administrator`: somebody with root asked for it. Nothing that its user does keeps it then. */
  readonly kind: "idle" | "max_login" | "administrator";
  readonly idleMs: number;
  readonly lastedMs: number;
  /** The most that a login may last here; `Infinity` where it may for ever. */
  readonly maxLoginMs: number;
  readonly closesInMs: number;
  readonly closesAt: Date;
  /** The administrator's own line; empty for none. */
  readonly message: string;
  /** The width of the terminal. */
  readonly columns: number;
}

/** Why a notice is withdrawn. */
export interface StayFacts {
  readonly why: "key" | "work" | "policy" | "administrator";
  readonly columns: number;
}

/** What the last line tells. */
export interface FarewellFacts {
  readonly user: string;
  /** `terminal`: one of several that the login has, the others live on. */
  readonly what?: "login" | "terminal";
  readonly at: Date;
  readonly reason: string;
}

const LONGEST_VALUE = 200;
const LONGEST_NAME = 64;

/**
 * The text with everything but printable ASCII replaced, cut to `longest` characters: a user name or a message can carry no
 * escape sequence, no line break, and no character whose width terminals disagree about.
 */
export function sanitise(text: string, longest = LONGEST_VALUE): string {
  return Array.from(text.slice(0, 2 * longest), (character) => (/^[ -~]$/.test(character) ? character : "?"))
    .slice(0, longest)
    .join("");
}

/** A warning: when the login closes and which key keeps it, then whom it warns and why, then the administrator's line. */
export function warning(facts: WarningFacts): Wording {
  const user = sanitise(facts.user, LONGEST_NAME);
  const at = clockTime(facts.closesAt);
  const idle = spoken(facts.idleMs);
  const closesIn = `afkill: closes in ${spoken(facts.closesInMs)}`;
  const message = facts.message === "" ? [] : [sanitise(facts.message)];
  const lines = (...texts: string[]) => [...texts, ...message].map((line) => cut(line, facts.columns));
  if (facts.kind === "max_login") {
    const onFor = `on for ${spoken(facts.lastedMs)} of ${spoken(facts.maxLoginMs)}`;
    const why = `${user}: ${onFor}, the most allowed here, ends at ${at}`;
    const prompt = lines(`${closesIn}, no key keeps it: save your work`, why);
    const parts = [`${closesIn}, no key keeps it`, `${user} ${onFor}`, `ends ${at}`, ...message];
    return { lineMode: prompt, prompt, bar: joined(parts, facts.columns) };
  }
  if (facts.kind === "administrator") {
    const prompt = lines(
      `${closesIn}, by the administrator`,
      `${user}: this login ends at ${at}, no key keeps it: save your work`,
    );
    const parts = [`${closesIn}, by the administrator`, user, `ends ${at}`, ...message];
    return { lineMode: prompt, prompt, bar: joined(parts, facts.columns) };
  }
  const why = `${user}: idle for ${idle}, this login ends at ${at}`;
  return {
    lineMode: lines(`${closesIn}, press Enter to stay`, why),
    prompt: lines(`${closesIn}, press a key to stay`, why),
    bar: joined(
      [`${closesIn}, press a key`, `${user} idle ${idle}`, `ends ${at}`, ...message],
      facts.columns,
    ),
  };
}

const STAY_REASONS: Readonly<Record<StayFacts["why"], string>> = {
  key: "you pressed a key",
  work: "work goes on",
  policy: "the limit has changed",
  administrator: "the administrator keeps it",
};

/** The answer to a user who was warned and is there. */
export function stays({ why, columns }: StayFacts): Wording {
  const line = cut(`afkill: your login stays (${STAY_REASONS[why]})`, columns);
  return { lineMode: [line], prompt: [line], bar: line };
}

/** The last line that a terminal shows. Not cut: nobody draws over it, so it may take the rows that it needs. */
export function farewell({ user, what = "login", at, reason }: FarewellFacts): string {
  return `afkill: ${what} of ${sanitise(user, LONGEST_NAME)} closed at ${clockTime(at)}: ${sanitise(reason)}`;
}

/** `14:05`, as the clock of this host shows it. */
function clockTime(date: Date): string {
  return date.toTimeString().slice(0, 5);
}

/** One column less than there are: a text in the last one wraps in some emulators. */
function cut(line: string, columns: number): string {
  return line.slice(0, Math.max(0, columns - 1));
}

/** As many parts as fit whole, the first cut if it must be. */
function joined([first = "", ...parts]: readonly string[], columns: number): string {
  let line = first;
  for (const part of parts) {
    const longer = `${line} | ${part}`;
    if (longer.length > columns - 1) break;
    line = longer;
  }
  return cut(line, columns);
}
