// The texts that a user reads. Pure: no I/O, no clock. Every line is printable ASCII, whatever the values hold.
import { spoken } from "../text/spoken.ts";

/** One message, in the words for each kind of screen. The first line alone says the most important part. */
export interface Wording {
  /** Lines for a terminal in line mode: before Enter no key is passed on or can be counted. */
  readonly lineMode: readonly string[];
  /** Lines for a prompt that reads single keys. */
  readonly prompt: readonly string[];
  /** The one line for a full-screen program. */
  readonly bar: string;
}

/** What a warning tells. */
export interface WarningFacts {
  readonly user: string;
  /** `max_login`: the login is too old; `administrator`: root asked for its end. In both cases nothing that the user does keeps it. */
  readonly kind: "idle" | "max_login" | "administrator";
  /** `idle`: the terminal locks at the time at which it would close. */
  readonly locks?: boolean;
  readonly idleMs: number;
  readonly lastedMs: number;
  /** The longest that a login may last here; `Infinity` for no limit. */
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
  /** `terminal`: one of several terminals of the login; the others live on. */
  readonly what?: "login" | "terminal";
  readonly at: Date;
  readonly reason: string;
}

const LONGEST_VALUE = 200;
const LONGEST_NAME = 64;

/**
 * The text cut to `longest` characters, with `?` for everything but printable ASCII. So a user name or a message can contain no escape
 * sequence, no line break, and no character whose width differs between terminals.
 */
export function sanitise(text: string, longest = LONGEST_VALUE): string {
  return Array.from(text.slice(0, 2 * longest), (character) => (/^[ -~]$/.test(character) ? character : "?"))
    .slice(0, longest)
    .join("");
}

/** A warning: when the login closes (or locks) and which key keeps it, then the user and the reason, then the administrator's line. */
export function warning(facts: WarningFacts): Wording {
  const user = sanitise(facts.user, LONGEST_NAME);
  const at = clockTime(facts.closesAt);
  const idle = spoken(facts.idleMs);
  const closesIn = `afkill: closes in ${spoken(facts.closesInMs)}`;
  const message = facts.message === "" ? [] : [sanitise(facts.message)];
  const lines = (...texts: string[]) => [...texts, ...message].map((line) => cut(line, facts.columns));
  if (facts.kind === "max_login") {
    const lasted = spoken(facts.lastedMs);
    const longest = spoken(facts.maxLoginMs);
    const why = `${user}: logged in for ${lasted}, at most ${longest} allowed here, ends at ${at}`;
    const prompt = lines(`${closesIn}, no key keeps it: save your work`, why);
    const parts = [
      `${closesIn}, no key keeps it`,
      `${user} on for ${lasted} of ${longest}`,
      `ends ${at}`,
      ...message,
    ];
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
  const [limitIn, whatEnds, ends] = facts.locks
    ? [`afkill: locks in ${spoken(facts.closesInMs)}`, "this terminal locks", "locks"]
    : [closesIn, "this login ends", "ends"];
  const why = `${user}: idle for ${idle}, ${whatEnds} at ${at}`;
  return {
    lineMode: lines(`${limitIn}, press Enter to stay`, why),
    prompt: lines(`${limitIn}, press a key to stay`, why),
    bar: joined(
      [`${limitIn}, press a key`, `${user} idle ${idle}`, `${ends} ${at}`, ...message],
      facts.columns,
    ),
  };
}

const STAY_REASONS: Readonly<Record<StayFacts["why"], string>> = {
  key: "you pressed a key",
  work: "work is running",
  policy: "the limit has changed",
  administrator: "the administrator keeps it",
};

/** The answer to a user who was warned and is there. */
export function stays({ why, columns }: StayFacts): Wording {
  const line = cut(`afkill: your login stays (${STAY_REASONS[why]})`, columns);
  return { lineMode: [line], prompt: [line], bar: line };
}

/** The last line that a terminal shows. Not cut: no program draws over it, so it may use as many rows as it needs. */
export function farewell({ user, what = "login", at, reason }: FarewellFacts): string {
  return `afkill: ${what} of ${sanitise(user, LONGEST_NAME)} closed at ${clockTime(at)}: ${sanitise(reason)}`;
}

/** The time on this host's clock: `14:05`. */
function clockTime(date: Date): string {
  return date.toTimeString().slice(0, 5);
}

/** Cuts to one column less than there are: in some emulators a text in the last column wraps. */
function cut(line: string, columns: number): string {
  return line.slice(0, Math.max(0, columns - 1));
}

/** Joins as many whole parts as fit. The first part is cut if necessary. */
function joined([first = "", ...parts]: readonly string[], columns: number): string {
  let line = first;
  for (const part of parts) {
    const longer = `${line} | ${part}`;
    if (longer.length > columns - 1) break;
    line = longer;
  }
  return cut(line, columns);
}
