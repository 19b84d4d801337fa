// How the forecast of an explanation is shown to people.
import { styled } from "../../console/output.ts";
import type { Limits } from "../../policy/policy.ts";
import { spoken } from "../../text/spoken.ts";
import type { Explanation } from "./explain.ts";
import type { Rehearsal, Warning } from "./rehearse.ts";

const EARLIEST =
  "These are the earliest times. The end can be later: the time of the last key is known to 8 s, the activity of a login without a terminal is seen only when afkill looks, and suspended time does not count.";

const CLOSES_INSTEAD =
  'No hook of this host can lock: in the place of at_limit = "lock" the limit closes the terminal.';

/** What happens to a login that begins now, line by line. */
export function forecastLines(explanation: Explanation, now: Date): string[] {
  if (explanation.exemption && !explanation.exemptAge) return ["A login is neither warned nor ended."];
  const parts = partsOf(explanation);
  const note = explanation.closesInstead ? [CLOSES_INSTEAD, ""] : [];
  const lines = [...note, ...parts.flatMap((part) => forecastOf(part, now))];
  return parts.some(({ rehearsal }) => rehearsal.end) ? [...lines, "", EARLIEST] : lines;
}

/** What is told about the future: nothing of terminals where there are none, and of an exempt login only how long it may last. */
function partsOf({ subject, exemption, otherKinds, forecast, limits }: Explanation): readonly Forecast[] {
  const { idleTerminal, idleWithoutTerminal, working, active } = forecast;
  const isShell = subject.kind === undefined || subject.kind === "shell";
  const parts: Forecast[] = [];
  if (!exemption && isShell)
    parts.push({
      title: "A terminal that is idle from now on",
      rehearsal: idleTerminal,
      limitText: limitText(idleTerminal, limits),
      whyNever: 'idle_timeout = "off"',
    });
  if (!exemption && subject.kind !== "shell")
    parts.push({
      title: `A login without a terminal${otherKinds.length > 0 ? " (a command)" : ""} that is idle from now on`,
      rehearsal: idleWithoutTerminal,
      limitText: "the login ends",
      whyNever: 'no_terminal = "off"',
    });
  if (!exemption && isShell && working)
    parts.push({
      title: "A terminal where work runs, but no key is typed from now on",
      rehearsal: working,
      limitText: limitText(working, limits, ", even if work runs"),
      whyNever: endlessWork(limits),
    });
  parts.push({
    title: "A login that begins now and is always active",
    rehearsal: active,
    limitText: "",
    whyNever: 'max_login = "off"',
  });
  return parts;
}

const CLOSED = "the login ends with its last terminal";

/** What the limit does to an idle terminal. `although`: why that may surprise. */
function limitText({ lock }: Rehearsal, { lockTries }: Limits, although = ""): string {
  if (!lock) return `the terminal is closed; ${CLOSED}${although}`;
  const answers = lockTries === 1 ? "a wrong answer closes" : `${lockTries} wrong answers close`;
  return `the terminal is locked${although}; ${answers} it (lock_tries)`;
}

function endlessWork({ busyMaxMs }: Limits): string {
  return Number.isFinite(busyMaxMs) ? 'idle_timeout = "off"' : 'busy_max = "off"';
}

/** One way in which a login can behave, and what happens to it. */
interface Forecast {
  readonly title: string;
  readonly rehearsal: Rehearsal;
  /** What the limit does. */
  readonly limitText: string;
  readonly whyNever: string;
}

function forecastOf({ title, rehearsal, limitText, whyNever }: Forecast, now: Date): string[] {
  const { warnings, lock, end } = rehearsal;
  const limit = lock ?? end;
  if (!limit) return [`${styled("bold", title)}: never ended (${whyNever}).`];
  const line = (afterMs: number, text: string) =>
    `  ${clock(now, afterMs)}  in ${spoken(afterMs).padEnd(12)}${text}`;
  const unwarned = warnings.some(({ reason }) => reason === limit.reason) ? "" : ", without a notice";
  const reached = limit.reason === "max_login" ? OLD : limitText;
  return [
    `${styled("bold", title)}:`,
    ...warnings.map((warning) => line(warning.afterMs, warningText(warning, lock !== undefined))),
    line(limit.afterMs, `${reached}${unwarned}`),
    ...(lock ? [end ? line(end.afterMs, lockEndText(end)) : '  It stays locked (lock_max = "off").'] : []),
  ];
}

const OLD = "the login ends (max_login)";

function warningText({ beforeEndMs, reason }: Warning, locks: boolean): string {
  const what = locks && reason === "idle" ? "lock" : "end";
  return `notice, ${spoken(beforeEndMs)} before the ${what}${reason === "max_login" ? " (max_login)" : ""}`;
}

function lockEndText({ reason }: NonNullable<Rehearsal["end"]>): string {
  return reason === "max_login" ? OLD : `if still locked, it is closed (lock_max); ${CLOSED}`;
}

/** A local time of day with its date, because it may be on another day. */
function clock(now: Date, afterMs: number): string {
  // Swedish has the format of ISO 8601.
  return new Date(now.getTime() + afterMs).toLocaleString("sv-SE");
}
