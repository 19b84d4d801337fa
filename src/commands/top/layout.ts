// The table of `afkill top` for one width: which columns fit, and their cells. Pure.
import stringWidth from "string-width";
import { printable } from "../../console/output.ts";
import type { State } from "../../survey/state.ts";
import { formatDuration } from "../../text/duration.ts";
import type { Entry, Line } from "./entry.ts";

export interface Cell {
  readonly text: string;
  /** The state that decides its colour. */
  readonly state?: State;
}

/** One row of the table. Its cells are padded; together they are no wider than the given width. */
export interface TableLine {
  readonly key: string;
  readonly cells: readonly Cell[];
}

export interface Table {
  readonly heading: string;
  readonly lines: readonly TableLine[];
}

export interface Style {
  readonly columns: number;
  /** Whether the terminal shows UTF-8; if not, everything is ASCII. */
  readonly isUtf8: boolean;
  readonly nowMs: number;
}

interface Column {
  readonly heading: string;
  /** Columns with a lower number stay longer when the terminal gets narrow. */
  readonly priority: number;
  readonly most: number;
  /** The column is about the login, so it is not repeated for further terminals. */
  readonly ofLogin?: boolean;
  readonly text: (entry: Entry, line: Line, style: Style) => string;
}

const GAP = 2;
const BAR_WIDTH = 10;
/** Evidence narrower than this says nothing. */
const LEAST_EVIDENCE = 16;

/** In the order from left to right. */
const COLUMNS: readonly Column[] = [
  {
    heading: "USER",
    priority: 0,
    most: 16,
    ofLogin: true,
    text: ({ row }) => `${row.user}${row.own ? "*" : ""}`,
  },
  { heading: "CLIENT", priority: 8, most: 39, ofLogin: true, text: ({ row }) => row.client ?? "-" },
  { heading: "TERMINAL", priority: 5, most: 10, text: (_, { subject }) => subject.terminal ?? "-" },
  {
    heading: "SINCE",
    priority: 11,
    most: 10,
    ofLogin: true,
    text: ({ row }, _, { nowMs }) => since(row.loginTime, nowMs),
  },
  { heading: "IDLE", priority: 1, most: 9, text: (_, { subject }) => duration(subject.idleSeconds) },
  {
    heading: "LIMIT",
    priority: 9,
    most: 9,
    text: (_, { subject }) => (subject.limitSeconds === null ? "off" : duration(subject.limitSeconds)),
  },
  { heading: "LEFT", priority: 2, most: 9, text: (_, { leftSeconds }) => duration(leftSeconds) },
  {
    heading: "TIME LEFT",
    priority: 4,
    most: BAR_WIDTH,
    text: (_, { share }, { isUtf8 }) => (share === null ? "" : bar(share, BAR_WIDTH, isUtf8)),
  },
  {
    heading: "CPU%",
    priority: 6,
    most: 6,
    ofLogin: true,
    text: ({ cpuPercent }) => (cpuPercent === null ? "-" : cpuPercent.toFixed(1)),
  },
  { heading: "STATE", priority: 3, most: 11, ofLogin: true, text: ({ row }) => row.state },
  { heading: "SSHD", priority: 10, most: 10, ofLogin: true, text: ({ row }) => String(row.sshdPid) },
  { heading: "RUNS", priority: 7, most: 16, text: (_, { subject }) => subject.foreground?.name ?? "-" },
  { heading: "EVIDENCE", priority: 12, most: 200, text: (_, { subject }) => subject.evidence },
];
const LAST = COLUMNS.length - 1;

/** The table of the entries, one line for each terminal. Foreign text is made safe for a terminal. */
export function tableOf(entries: readonly Entry[], style: Style): Table {
  const rows = entries.flatMap((entry) =>
    entry.lines.map((line, at) => ({
      entry,
      texts: COLUMNS.map((it) => (it.ofLogin && at > 0 ? "" : shown(it.text(entry, line, style), style))),
    })),
  );
  const wanted = COLUMNS.map(({ heading, most }, at) =>
    Math.min(most, Math.max(heading.length, ...rows.map(({ texts }) => stringWidth(texts[at] ?? "")))),
  );
  const widths = fitting(wanted, style.columns);
  const chosen = COLUMNS.map((_, at) => at).filter((at) => widths[at] !== undefined);
  const cellsOf = (texts: readonly string[]) =>
    chosen.map((at, place) => {
      const text = padded(texts[at] ?? "", widths[at] ?? 0);
      return place === chosen.length - 1 ? text : text + " ".repeat(GAP);
    });
  return {
    heading: cellsOf(COLUMNS.map(({ heading }) => heading)).join(""),
    lines: rows.map(({ entry, texts }) => ({
      key: entry.key,
      cells: cellsOf(texts).map((text, place) =>
        COLUMNS[chosen[place] ?? 0]?.heading === "STATE" ? { text, state: entry.row.state } : { text },
      ),
    })),
  };
}

/** The width of each column, `undefined` if it is left out. Less important ones are left out first. The last takes the remaining room. */
function fitting(wanted: readonly number[], columns: number): (number | undefined)[] {
  const widths: (number | undefined)[] = wanted.map(() => undefined);
  let room = columns + GAP;
  const order = COLUMNS.map((_, at) => at).sort(
    (a, b) => (COLUMNS[a]?.priority ?? 0) - (COLUMNS[b]?.priority ?? 0),
  );
  for (const at of order) {
    const want = wanted[at] ?? 0;
    const least = at === LAST ? Math.min(want, LEAST_EVIDENCE) : want;
    // No further column either: otherwise the shown columns would depend on which ones happen to be narrow.
    if (room < least + GAP) break;
    widths[at] = Math.min(want, room - GAP);
    room -= (widths[at] ?? 0) + GAP;
  }
  return widths;
}

/** A bar that shows how much is left. */
export function bar(share: number, width: number, isUtf8: boolean): string {
  const full = Math.min(width, Math.ceil(share * width));
  return isUtf8
    ? "█".repeat(full) + "░".repeat(width - full)
    : `[${"#".repeat(Math.min(width - 2, Math.ceil(share * (width - 2)))).padEnd(width - 2, ".")}]`;
}

/** Foreign text in a form that this terminal can show. */
export function shown(text: string, { isUtf8 }: Pick<Style, "isUtf8">): string {
  const safe = printable(text);
  return isUtf8 ? safe : safe.replace(/[^ -~]/gu, "?");
}

/** The text, cut to a width or filled up to it. */
export function padded(text: string, width: number): string {
  let kept = text;
  if (stringWidth(text) > width) {
    kept = "";
    for (const { segment } of new Intl.Segmenter().segment(text)) {
      if (stringWidth(kept + segment) > width) break;
      kept += segment;
    }
  }
  return kept + " ".repeat(Math.max(0, width - stringWidth(kept)));
}

function duration(seconds: number | null): string {
  return seconds === null ? "-" : formatDuration(seconds * 1000);
}

/** `09:30` for today, else the date. */
function since(time: string, nowMs: number): string {
  const date = new Date(time);
  const isToday = date.toDateString() === new Date(nowMs).toDateString();
  return isToday ? date.toTimeString().slice(0, 5) : date.toLocaleDateString("sv-SE");
}

/** The part of the lines that fits into `room` rows and contains the selected one. */
export function visible<T extends { readonly key: string }>(
  lines: readonly T[],
  selected: string | undefined,
  room: number,
): readonly T[] {
  const at = Math.max(
    0,
    lines.findIndex(({ key }) => key === selected),
  );
  const last = Math.max(
    at,
    lines.findLastIndex(({ key }) => key === selected),
  );
  const start = Math.min(at, Math.max(0, last - room + 1));
  return lines.slice(start, start + Math.max(0, room));
}
