// Locks and unlocks terminals because an administrator asked for it: root's watchdog of the login locks, the locker unlocks.
import { existsSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { askAsRoot } from "../lock/ask.ts";
import { isClaimed } from "../lock/claimed.ts";
import { doorOf, knock } from "../lock/door.ts";
import { recordFile, stateDirectoryOf } from "../lock/record.ts";
import { findLogin, sshdOf } from "../login/login.ts";
import { terminalsOf } from "../login/terminal.ts";
import type { Surveyed } from "../survey/survey.ts";
import { reasonOf } from "../text/reason-of.ts";

/** The result for one terminal; `terminal` is `null` if it is for a login that has none. */
export interface LockChange {
  readonly user: string;
  readonly sshdPid: number;
  readonly terminal: string | null;
  /** Whether it is now as was asked for. */
  readonly done: boolean;
  /** In words. */
  readonly outcome: string;
}

const LOOK_EVERY_MS = 100;
/** The start of a check, a look, and a locker on a busy host. One that takes longer still locks. */
const LOCKS_WITHIN_MS = 45_000;
/** A lock whose socket could not be made stands all the same. */
const DOOR_WITHIN_MS = 5_000;

/** Locks terminals of a login; `null` for all. Waits until they are locked. `by`: who asks. Never throws. */
export async function lockTerminals(
  it: Surveyed,
  wanted: readonly string[] | null,
  by: string,
): Promise<readonly LockChange[]> {
  const row = (terminal: string | null, done: boolean, outcome: string): LockChange => ({
    ...whoOf(it),
    terminal,
    done,
    outcome,
  });
  try {
    const login = findLogin(it.login);
    if (!login) return [row(null, false, "it has ended by itself")];
    const terminals = terminalsOf(login, { isFromAfar: true })
      .map(({ id }) => id)
      .filter((id) => wanted?.includes(id) ?? true);
    if (terminals.length === 0) return [row(null, false, "it has no terminal: there is nothing to lock")];
    const directory = stateDirectoryOf(login);
    const isLocked = (id: string) => existsSync(recordFile(directory, numberOf(id)));
    const open = terminals.filter((id) => !isLocked(id));
    const refusal = open.length > 0 ? await refusalOf(it, by, open) : undefined;
    if (refusal) return open.map((id) => row(id, false, refusal));
    const locked = await lockedAmong(open, directory);
    return terminals.map((id) => {
      if (!open.includes(id)) return row(id, true, "was locked before");
      return locked.has(id) ? row(id, true, "locked") : row(id, false, "not locked: afkill log says why");
    });
  } catch (error) {
    return [row(null, false, reasonOf(error))];
  }
}

/** Asks the watchdog; returns why that is not possible. */
async function refusalOf(
  { login, watchdog }: Surveyed,
  by: string,
  terminals: string[],
): Promise<string | undefined> {
  if (watchdog !== "root" || !(await isClaimed(login)))
    return "no watchdog of root's guards it: only the hook pam can lock";
  return askAsRoot(login, stateDirectoryOf(login), { by, terminals })
    ? undefined
    : "its watchdog is of an older afkill, which cannot lock: the login must begin anew";
}

/** Waits until each terminal is locked; returns those that are. */
async function lockedAmong(ids: readonly string[], directory: string): Promise<ReadonlySet<string>> {
  const locked = new Set<string>();
  const recordedMs = new Map<string, number>();
  for (let waitedMs = 0; waitedMs < LOCKS_WITHIN_MS && locked.size < ids.length; waitedMs += LOOK_EVERY_MS) {
    await sleep(LOOK_EVERY_MS);
    for (const id of ids) {
      // A record alone can be that of a lock which does not succeed.
      if (!existsSync(recordFile(directory, numberOf(id)))) recordedMs.delete(id);
      else if (!recordedMs.has(id)) recordedMs.set(id, waitedMs);
      const sinceMs = recordedMs.get(id);
      if (sinceMs === undefined) locked.delete(id);
      else if (existsSync(doorOf(numberOf(id))) || waitedMs - sinceMs >= DOOR_WITHIN_MS) locked.add(id);
    }
  }
  return locked;
}

/** Unlocks terminals of a login; `null` for all that are locked. `by`: who asks. Never throws. */
export async function unlockTerminals(
  it: Surveyed,
  wanted: readonly string[] | null,
  by: string,
): Promise<readonly LockChange[]> {
  const ids = lockedIn(stateDirectoryOf(it.login)).filter((id) => wanted?.includes(id) ?? true);
  if (ids.length === 0)
    return [{ ...whoOf(it), terminal: wanted?.[0] ?? null, done: false, outcome: "it is not locked" }];
  return Promise.all(
    ids.map(async (terminal) => {
      const { unlocked, answer } = await knock(numberOf(terminal), by);
      return {
        ...whoOf(it),
        terminal,
        done: unlocked,
        outcome: unlocked ? "unlocked" : `not unlocked: ${answer}`,
      };
    }),
  );
}

/** The ids of the terminals that have a record in a state directory. */
function lockedIn(directory: string): string[] {
  try {
    return readdirSync(directory).flatMap((name) => {
      const number = /^lock-(\d{1,7})$/.exec(name)?.[1];
      return number === undefined ? [] : [`pts/${number}`];
    });
  } catch {
    return [];
  }
}

function whoOf({ login }: Surveyed): Pick<LockChange, "user" | "sshdPid"> {
  return { user: login.user, sshdPid: sshdOf(login).pid };
}

function numberOf(id: string): number {
  return Number(id.slice("pts/".length));
}
