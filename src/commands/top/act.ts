// The actions of an administrator in `afkill top`, each with its line in the audit.

import { userInfo } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { administratorOf } from "../../administer/choose.ts";
import { endOne } from "../../administer/end.ts";
import { keepOne } from "../../administer/keep.ts";
import { type LockChange, lockTerminals, unlockTerminals } from "../../administer/lock.ts";
import { record } from "../../audit/record.ts";
import { describe } from "../../guard/act.ts";
import { LOGIN_SUBJECT } from "../../guard/observe.ts";
import { type Terminal, terminalName, terminalsOf } from "../../login/terminal.ts";
import { givenOn, showNotice, takeBack } from "../../notice/show.ts";
import { sanitise, type Wording } from "../../notice/text.ts";
import type { Surveyed } from "../../survey/survey.ts";
import { reasonOf } from "../../text/reason-of.ts";

/** How long a notice stands over a full-screen program. */
const BAR_MS = 10_000;

/** Ends a login as `afkill end` does. Returns one line with the result. Never throws. */
export async function endByAdministrator(surveyed: Surveyed): Promise<string> {
  const { user, ended, steps } = await endOne(surveyed, `ended by ${administrator()}`);
  return ended ? `the login of ${user} has ended` : `NOT ended: ${steps.join("; ")}`;
}

/** Keeps a login for `ms`. Returns one line with the result. Never throws. */
export async function keepByAdministrator(surveyed: Surveyed, ms: number): Promise<string> {
  try {
    return `the login of ${surveyed.login.user} stays until ${await keepOne(surveyed, ms, administrator())}`;
  } catch (error) {
    return `NOT kept: ${reasonOf(error)}`;
  }
}

/** Locks the terminals of a login, as `afkill lock` does. Returns one line with the result. Never throws. */
export async function lockByAdministrator(surveyed: Surveyed): Promise<string> {
  return changesOf(surveyed, await lockTerminals(surveyed, null, administrator()));
}

/** Unlocks the terminals of a login, as `afkill unlock` does. Returns one line with the result. Never throws. */
export async function unlockByAdministrator(surveyed: Surveyed): Promise<string> {
  return changesOf(surveyed, await unlockTerminals(surveyed, null, administrator()));
}

function changesOf({ login }: Surveyed, changes: readonly LockChange[]): string {
  const each = changes.map(({ terminal, outcome }) => `${terminal ?? "the login"}: ${outcome}`);
  return `${login.user}: ${each.join(", ")}`;
}

/** The result of a notice, and when it is removed again from the screens of full-screen programs. */
export interface Noticed {
  readonly said: string;
  readonly taken: Promise<unknown>;
}

/**
 * Writes an administrator's line on every terminal of a login. Over a full-screen program it stands for a while, or until `signal`.
 * Does not throw if a terminal takes no notice.
 */
export async function noticeByAdministrator(
  surveyed: Surveyed,
  text: string,
  signal: AbortSignal,
): Promise<Noticed> {
  const terminals = terminalsNow(surveyed);
  const shown = await Promise.all(
    terminals.map(async (terminal) => ({
      terminal,
      notice: await showNotice(terminal, (columns) => wordingOf(text, columns)),
    })),
  );
  const given = shown.filter(({ notice }) => notice !== undefined);
  const outcome = givenOn(shown.map(({ notice }) => notice));
  const id = Object.keys(surveyed.observation.subjects)[0] ?? LOGIN_SUBJECT;
  const reason = `notice of ${administrator()}: ${sanitise(text)}`;
  const about = describe("notice", id, surveyed, { cause: "administrator", outcome, ended: null, reason });
  await record({ ...about, terminals: terminals.map(terminalName) });
  const taken = sleep(BAR_MS, undefined, { signal })
    .catch(() => undefined)
    .then(() => Promise.all(given.map(({ terminal, notice }) => takeBack(terminal, notice))));
  return { said: `notice to ${surveyed.login.user} ${outcome}`, taken };
}

/** An administrator's line, for each kind of screen. */
export function wordingOf(text: string, columns: number): Wording {
  const line = `administrator: ${sanitise(text)}`.slice(0, Math.max(0, columns - 1));
  return { lineMode: [line], prompt: [line], bar: line };
}

/** The terminals as they are now; those of the survey if that cannot be found out. */
function terminalsNow({ login, observation }: Surveyed): readonly Terminal[] {
  try {
    return terminalsOf(login);
  } catch {
    return observation.terminals;
  }
}

function administrator(): string {
  return administratorOf(process.env.SUDO_USER, userInfo().username);
}
