// The screen of `afkill top`.
import { Box, Spacer, Text, useApp, useInput, useWindowSize } from "ink";
import { useEffect, useRef, useState } from "react";
import type { State } from "../../survey/state.ts";
import type { Surveyed } from "../../survey/survey.ts";
import {
  endByAdministrator,
  keepByAdministrator,
  lockByAdministrator,
  noticeByAdministrator,
  unlockByAdministrator,
} from "./act.ts";
import { type Entry, entriesOf, keyOf, later } from "./entry.ts";
import { type Effect, press, type Question, START, selectedOf } from "./keys.ts";
import { padded, shown, type TableLine, tableOf, visible } from "./layout.ts";
import { filtered, sorted } from "./order.ts";
import { footerOf, titleOf } from "./text.ts";
import { type Watching, watchLogins } from "./watch.ts";

export interface TopProps {
  readonly configPath: string;
  readonly isUtf8: boolean;
  readonly hasColour: boolean;
  /** Aborted when the view closes: notices on other screens are then removed. */
  readonly signal: AbortSignal;
  /** Takes work that must be done before the program ends. */
  readonly keep: (work: Promise<unknown>) => void;
}

const COLOURS: Readonly<Record<State, string>> = {
  active: "green",
  idle: "yellow",
  warned: "red",
  locked: "blue",
  exempt: "gray",
  "no watchdog": "magenta",
  fault: "red",
};
/** What is done after a question. */
const CHANGES: Readonly<Record<Question, (target: Surveyed) => Promise<string>>> = {
  end: endByAdministrator,
  lock: lockByAdministrator,
  unlock: unlockByAdministrator,
};
const TICK_MS = 1_000;
/** The width of the mark before the table. */
const MARK = 2;

interface Look {
  readonly surveyed: readonly Surveyed[];
  readonly entries: readonly Entry[];
  readonly at: number;
}

/** The live view. It exits Ink when the user quits. */
export function Top({ configPath, isUtf8, hasColour, signal, keep }: TopProps) {
  const { exit } = useApp();
  const { columns, rows } = useWindowSize();
  const [look, setLook] = useState<Look>();
  const [nowMs, setNow] = useState(performance.now());
  const [state, setState] = useState(START);
  const watching = useRef<Watching>(undefined);
  const latest = useRef(START);
  const say = (message: string) => {
    latest.current = { ...latest.current, message };
    setState(latest.current);
  };

  useEffect(() => {
    let before: readonly Surveyed[] = [];
    const it = watchLogins(
      configPath,
      (surveyed) => {
        const entries = entriesOf(surveyed, before);
        before = surveyed;
        setNow(performance.now());
        setLook({ surveyed, entries, at: performance.now() });
      },
      (error) => {
        latest.current = { ...latest.current, message: `cannot look: ${error}` };
        setState(latest.current);
      },
    );
    watching.current = it;
    const tick = setInterval(() => setNow(performance.now()), TICK_MS);
    return () => {
      clearInterval(tick);
      keep(it.stop());
    };
  }, [configPath, keep]);

  const seconds = look ? Math.floor(Math.max(0, nowMs - look.at) / 1000) : 0;
  const all = (look?.entries ?? []).map((entry) => later(entry, seconds));
  const entries = sorted(filtered(all, state.filter), state.sort);
  const selected = selectedOf(state, entries);

  const carryOut = async (effect: Effect) => {
    if (effect.kind === "quit") return exit();
    const target = look?.surveyed.find((it) => keyOf(it) === effect.key);
    if (!target) return say("that login has ended already");
    if (effect.kind === "keep") say(await keepByAdministrator(target, effect.ms));
    else if (effect.kind !== "notice") say(await CHANGES[effect.kind](target));
    else {
      const { said, taken } = await noticeByAdministrator(target, effect.text, signal);
      keep(taken);
      say(said);
    }
    watching.current?.refresh();
  };
  useInput((input, key) => {
    const step = press(latest.current, { ...key, input }, entries);
    // Keys can come faster than the view is drawn.
    latest.current = step.state;
    setState(step.state);
    if (step.effect) keep(carryOut(step.effect));
  });

  const table = tableOf(entries, { columns: columns - MARK, isUtf8, nowMs: Date.now() });
  const line = (text: string) => padded(shown(text, { isUtf8 }), columns).trimEnd() || " ";
  return (
    // One row less than the screen: Ink puts the cursor into the row below. The alternate screen starts where the cursor was.
    <Box flexDirection="column" height={rows - 1} overflow="hidden">
      <Text bold>{line(titleOf(look ? all : undefined, entries.length, state))}</Text>
      <Text bold>{`  ${table.heading}`.trimEnd()}</Text>
      {visible(table.lines, selected?.key, rows - 4).map((it, at) => (
        <Row key={`${it.key} ${at}`} line={it} isSelected={it.key === selected?.key} hasColour={hasColour} />
      ))}
      <Spacer />
      <Text>{line(footerOf(state, selected, columns))}</Text>
    </Box>
  );
}

function Row(props: { readonly line: TableLine; readonly isSelected: boolean; readonly hasColour: boolean }) {
  const { line, isSelected, hasColour } = props;
  return (
    <Text inverse={isSelected} wrap="truncate">
      {isSelected ? "> " : "  "}
      {line.cells.map(({ text, state }, at) => {
        const colour = hasColour && state && !isSelected ? { color: COLOURS[state] } : {};
        return (
          <Text key={at} {...colour}>
            {text}
          </Text>
        );
      })}
    </Text>
  );
}
