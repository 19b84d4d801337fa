// The table of `afkill list`.

import { idleSecondsOf, type LoginRow, type SubjectRow } from "../survey/rows.ts";
import type { State } from "../survey/state.ts";
import { formatDuration } from "../text/duration.ts";
import { layOut, widthFor } from "./lay-out.ts";
import { printable, styled } from "./output.ts";

/** Which logins to show, and in which order. */
export interface Arrangement {
  readonly idleMs: number | undefined;
  readonly user: string | undefined;
  readonly sort: "time" | "idle" | "user";
}

const HEADINGS = [
  "USER",
  "CLIENT",
  "TERMINAL",
  "SINCE",
  "IDLE",
  "LIMIT",
  "LEFT",
  "CPU",
  "STATE",
  "SSHD",
  "RUNS",
  "EVIDENCE",
];
const COLOURS: Readonly<Record<State, Parameters<typeof styled>[0]>> = {
  active: "green",
  idle: "yellow",
  warned: "red",
  locked: "blue",
  exempt: "gray",
  "no watchdog": "magenta",
  fault: "red",
};

/** Leaves out the logins that are not wanted, and sorts: oldest first, longest idle first, or by name. */
export function arrange(rows: readonly LoginRow[], { idleMs, user, sort }: Arrangement): LoginRow[] {
  const chosen = rows.filter(
    (row) =>
      (user === undefined || row.user === user) &&
      (idleMs === undefined || (idleSecondsOf(row) ?? -1) * 1000 >= idleMs),
  );
  if (sort === "idle") return chosen.sort((a, b) => (idleSecondsOf(b) ?? -1) - (idleSecondsOf(a) ?? -1));
  return sort === "user" ? chosen.sort((a, b) => a.user.localeCompare(b.user)) : chosen;
}

/** The table. `columns` is the width of the terminal, `undefined` without one. */
export async function tableOfLogins(rows: readonly LoginRow[], columns: number | undefined): Promise<string> {
  const lines = rows.flatMap((row) =>
    row.subjects.map((subject, index) => cellsOf(row, subject, index === 0)),
  );
  return layOut(HEADINGS, lines, columns, await widthFor(lines));
}

/** The second and later terminals of a login show only their own values. */
function cellsOf(row: LoginRow, subject: SubjectRow, isFirst: boolean): string[] {
  const login = (text: string) => (isFirst ? text : "");
  return [
    login(`${printable(row.user)}${row.own ? "*" : ""}`),
    login(printable(row.client ?? "-")),
    printable(subject.terminal ?? `(${row.kind})`),
    login(since(row.loginTime)),
    duration(subject.idleSeconds),
    subject.limitSeconds === null ? "off" : duration(subject.limitSeconds),
    duration(subject.leftSeconds),
    login(`${row.cpuSeconds.toFixed(1)}s`),
    login(styled(COLOURS[row.state], row.state)),
    login(String(row.sshdPid)),
    printable(subject.foreground?.name ?? "-"),
    printable(subject.evidence),
  ];
}

function duration(seconds: number | null): string {
  return seconds === null ? "-" : formatDuration(seconds * 1000);
}

/** `09:30` for today, else the date. */
function since(time: string): string {
  const date = new Date(time);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? date.toTimeString().slice(0, 5) : date.toLocaleDateString("sv-SE");
}
