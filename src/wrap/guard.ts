// Guards a wrapped terminal for its whole life: the same look, judgement and audit as a watchdog's check, without a new start each time.

import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { log } from "../audit/syslog.ts";
import { recordClockEvents } from "../guard/clock-keeper.ts";
import { guard } from "../guard/guard.ts";
import { type Assignment, hostOf, type WrapHost } from "../guard/host.ts";
import { BLANK, type Memory } from "../guard/memory.ts";
import { directoryNameOf, findLogin } from "../login/login.ts";
import { readClocks } from "../system/clock.ts";
import { RUN_DIRECTORY } from "../system/paths.ts";
import { reasonOf } from "../text/reason-of.ts";

/** The longest sleep. A clock step or a suspend is noted within it. */
const SLICE_MS = 20_000;
const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 600_000;

/** What can end a sleep early. */
export interface Alarm {
  /** Resolves at the next change of the policy. */
  changed(): Promise<void>;
}

/**
 * Guards until the login is gone, or until `signal` says that its terminal is gone. A failed look leaves the login alone; it is reported
 * once and tried again, less and less often. If root's watchdog also guards the login, this one only passes bytes.
 */
export async function guardTerminal(
  assignment: Assignment,
  terminal: Pick<WrapHost, "own" | "actions" | "isOver">,
  alarm: Alarm,
  signal: AbortSignal,
): Promise<void> {
  let memory: Memory = { ...BLANK, clocks: readClocks() };
  let pauseMs = FIRST_PAUSE_MS;
  let complaint = "";
  const wrapHost: WrapHost = {
    ...terminal,
    recall: () => memory,
    keep: (next) => {
      memory = next;
    },
  };
  const host = hostOf(assignment, { wrapHost });
  while (!signal.aborted) {
    let waitMs: number;
    try {
      const outcome = rootGuards(assignment) ? SLICE_MS / 1000 : await guard(host);
      if (outcome === "done") return;
      waitMs = outcome * 1000;
      pauseMs = FIRST_PAUSE_MS;
      complaint = "";
    } catch (error) {
      waitMs = pauseMs;
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      const text = `check failed, the login is left alone: ${reasonOf(error)}`;
      if (text !== complaint) await log("warning", text);
      complaint = text;
    }
    const changed = alarm.changed().then(() => true);
    for (let leftMs = waitMs; leftMs > 0 && !signal.aborted; leftMs -= SLICE_MS) {
      const sliceMs = Math.min(leftMs, SLICE_MS);
      const isChanged = await Promise.race([changed, sleep(sliceMs, false, { signal }).catch(() => true)]);
      memory = recordClockEvents(memory, readClocks());
      if (isChanged) break;
    }
  }
}

/** Root's watchdog sees more, and the user cannot stop it. */
function rootGuards(assignment: Assignment): boolean {
  const login = findLogin(assignment);
  return login !== undefined && existsSync(`${RUN_DIRECTORY}/${directoryNameOf(login)}`);
}
