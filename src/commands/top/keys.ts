// What a key does in `afkill top`. Pure: it returns the action to carry out.
import { parseDuration } from "../../text/duration.ts";
import type { Entry } from "./entry.ts";
import type { SortKey } from "./order.ts";

/** What is asked about before it is done. */
export type Question = "end" | "lock" | "unlock";

export interface TopState {
  /** In `list` keys are commands; the other modes ask for something in the bottom line. */
  readonly mode: "list" | Question | "keep" | "notice" | "filter";
  readonly sort: SortKey;
  readonly filter: string;
  /** The key of the login that commands apply to. */
  readonly selected: string | undefined;
  /** The text being typed: the notice, or the time to keep a login. */
  readonly draft: string;
  /** The result of the last command. */
  readonly message: string;
}

export const START: TopState = {
  mode: "list",
  sort: "time",
  filter: "",
  selected: undefined,
  draft: "",
  message: "",
};

/** A key, as Ink reports it. */
export interface Press {
  readonly input: string;
  readonly upArrow?: boolean;
  readonly downArrow?: boolean;
  readonly return?: boolean;
  readonly escape?: boolean;
  readonly backspace?: boolean;
  readonly delete?: boolean;
  readonly ctrl?: boolean;
  readonly meta?: boolean;
}

export type Effect =
  | { readonly kind: "quit" }
  | { readonly kind: Question; readonly key: string }
  | { readonly kind: "keep"; readonly key: string; readonly ms: number }
  | { readonly kind: "notice"; readonly key: string; readonly text: string };

export interface Transition {
  readonly state: TopState;
  readonly effect?: Effect;
}

const SORT_KEYS: Readonly<Record<string, SortKey>> = {
  I: "idle",
  U: "user",
  T: "time",
  C: "cpu",
  L: "left",
};
const QUESTIONS: Readonly<Record<string, Question>> = { e: "end", l: "lock", u: "unlock" };
/** What a question says when it is agreed to, and when it is not. */
const ANSWERS: Readonly<Record<Question, { readonly yes: string; readonly no: string }>> = {
  end: { yes: "ending it...", no: "not ended" },
  lock: { yes: "locking it...", no: "not locked" },
  unlock: { yes: "unlocking it...", no: "not unlocked" },
};
/** Why our own login is spared. */
const OWN: Readonly<Partial<Record<Question, string>>> = {
  end: "that is the login you work in: log out to end it",
  lock: "that is the login you work in: lock it with afkill lock",
};
const LONGEST_TEXT = 200;
/** How long a login is kept if the administrator gives no time. */
export const KEEP_FOR = "1h";

/** The selected entry; the first one if it is gone or nothing is selected. */
export function selectedOf(state: TopState, entries: readonly Entry[]): Entry | undefined {
  return entries.find(({ key }) => key === state.selected) ?? entries[0];
}

/** Handles a key; `entries` are the visible ones, in their order. Pasted text is no command: it could end a login. */
export function press(state: TopState, key: Press, entries: readonly Entry[]): Transition {
  if (key.ctrl) return key.input === "c" ? { state, effect: { kind: "quit" } } : { state };
  switch (state.mode) {
    case "list":
      return command(state, key, entries);
    case "end":
    case "lock":
    case "unlock":
      return answer(state, state.mode, key);
    default:
      return write(state, key);
  }
}

function command(state: TopState, key: Press, entries: readonly Entry[]): Transition {
  const now = selectedOf(state, entries);
  if (key.upArrow || key.downArrow) {
    const at = now ? entries.indexOf(now) : 0;
    const next = entries[Math.min(entries.length - 1, Math.max(0, at + (key.upArrow ? -1 : 1)))];
    return { state: { ...state, selected: next?.key, message: "" } };
  }
  // Escape with a letter is another key.
  if (key.meta) return { state };
  const sort = Object.hasOwn(SORT_KEYS, key.input) ? SORT_KEYS[key.input] : undefined;
  if (sort) return { state: { ...state, sort, message: "" } };
  if (key.input === "q") return { state, effect: { kind: "quit" } };
  if (key.input === "/") return { state: { ...state, mode: "filter", message: "" } };
  if (!now) return { state };
  const question = Object.hasOwn(QUESTIONS, key.input) ? QUESTIONS[key.input] : undefined;
  if (question) {
    const refusal = now.row.own ? OWN[question] : undefined;
    if (refusal !== undefined) return { state: { ...state, message: refusal } };
    return { state: { ...state, mode: question, selected: now.key, message: "" } };
  }
  if (key.input === "k" || key.input === "n") {
    const mode = key.input === "k" ? "keep" : "notice";
    return { state: { ...state, mode, selected: now.key, draft: "", message: "" } };
  }
  return { state };
}

/** Only `y` agrees. */
function answer(state: TopState, kind: Question, { input, meta }: Press): Transition {
  const back: TopState = { ...state, mode: "list" };
  const { yes, no } = ANSWERS[kind];
  if (input === "y" && !meta && state.selected !== undefined)
    return { state: { ...back, message: yes }, effect: { kind, key: state.selected } };
  return { state: { ...back, message: no } };
}

function write(state: TopState, key: Press): Transition {
  const isFilter = state.mode === "filter";
  const text = isFilter ? state.filter : state.draft;
  const written = (longer: string): TopState => ({
    ...state,
    [isFilter ? "filter" : "draft"]: longer.slice(0, LONGEST_TEXT),
  });
  if (key.escape) return { state: { ...state, mode: "list", ...(isFilter && { filter: "" }) } };
  if (key.backspace || key.delete) return { state: written(Array.from(text).slice(0, -1).join("")) };
  // Text that arrives together with its Enter comes as one key.
  const [line = "", ...more] = key.input.split(/[\r\n]/);
  const grown = written(text + line.replace(/\p{Cc}/gu, ""));
  if (!key.return && more.length === 0) return { state: grown };
  const done: TopState = { ...grown, mode: "list" };
  if (isFilter) return { state: done };
  const list: TopState = { ...done, draft: "" };
  return state.mode === "keep" ? keep(list, grown.draft.trim()) : notice(list, grown.draft.trim());
}

function notice(list: TopState, text: string): Transition {
  if (text === "" || list.selected === undefined) return { state: { ...list, message: "no notice sent" } };
  return {
    state: { ...list, message: "sending the notice..." },
    effect: { kind: "notice", key: list.selected, text },
  };
}

function keep(list: TopState, text: string): Transition {
  const ms = durationMs(text === "" ? KEEP_FOR : text);
  if (ms === undefined || list.selected === undefined)
    return { state: { ...list, message: "not kept: a time is a number with its unit, such as 45m or 2h" } };
  return { state: { ...list, message: "keeping it..." }, effect: { kind: "keep", key: list.selected, ms } };
}

/** The duration in ms; `undefined` if the text is no duration, or an endless one. */
function durationMs(text: string): number | undefined {
  try {
    const ms = parseDuration(text);
    return Number.isFinite(ms) ? ms : undefined;
  } catch {
    return undefined;
  }
}
