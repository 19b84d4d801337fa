// How the forecast of an explanation is shown to people.
import { styled } from "../../console/output.ts";
import { spoken } from "../../text/spoken.ts";
import type { Explanation } from "./explain.ts";
import type { Rehearsal } from "./rehearse.ts";

const EARLIEST =
  "These are the earliest times. The end can be later: the time of the last key is known to 8 s, the activity of a login without a terminal is seen only when afkill looks, and suspended time does not count.";

/** What happens to a login that begins now, line by line. */
export function forecastLines(explanation: Explanation, now: Date): string[] {
  if (explanation.exemption && !explanation.exemptAge) return ["A login is neither warned nor ended."];
  const parts = partsOf(explanation);
  const lines = parts.flatMap((part) => forecastOf(part, now));
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
      endText: IDLE_END,
      whyNever: 'idle_timeout = "off"',
    });
  if (!exemption && subject.kind !== "shell")
    parts.push({
      title: `A login without a terminal${otherKinds.length > 0 ? " (a command)" : ""} that is idle from now on`,
      rehearsal: idleWithoutTerminal,
      endText: "the login ends",
      whyNever: 'no_terminal = "off"',
    });
  if (!exemption && isShell && working)
    parts.push({
      title: "A terminal where work runs, but no key is typed from now on",
      rehearsal: working,
      endText: `${IDLE_END}, even if work runs`,
      whyNever: endlessWork(limits),
    });
  parts.push({
    title: "A login that begins now and is always active",
    rehearsal: active,
    endText: "",
    whyNever: 'max_login = "off"',
  });
  return parts;
}

const IDLE_END = "the terminal is closed; the login ends with its last terminal";

function endlessWork({ busyMaxMs }: Explanation["limits"]): string {
  return Number.isFinite(busyMaxMs) ? 'idle_timeout = "off"' : 'busy_max = "off"';
}

/** One way in which a login can behave, and what happens to it. */
interface Forecast {
  readonly title: string;
  readonly rehearsal: Rehearsal;
  readonly endText: string;
  readonly whyNever: string;
}

function forecastOf(
  { title, rehearsal: { warnings, end }, endText, whyNever }: Forecast,
  now: Date,
): string[] {
  if (!end) return [`${styled("bold", title)}: never ended (${whyNever}).`];
  const line = (afterMs: number, text: string) =>
    `  ${clock(now, afterMs)}  in ${spoken(afterMs).padEnd(12)}${text}`;
  const why = (reason: string) => (reason === "max_login" ? " (max_login)" : "");
  const ended = end.reason === "max_login" ? "the login ends (max_login)" : endText;
  const unwarned = warnings.some(({ reason }) => reason === end.reason) ? "" : ", without a notice";
  return [
    `${styled("bold", title)}:`,
    ...warnings.map(({ afterMs, beforeEndMs, reason }) =>
      line(afterMs, `notice, ${spoken(beforeEndMs)} before the end${why(reason)}`),
    ),
    line(end.afterMs, `${ended}${unwarned}`),
  ];
}

/** A local time of day with its date, because it may be on another day. */
function clock(now: Date, afterMs: number): string {
  // Swedish has the format of ISO 8601.
  return new Date(now.getTime() + afterMs).toLocaleString("sv-SE");
}
