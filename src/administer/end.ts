// Ends logins because an administrator asked for it, in the same way as a watchdog ends them at a limit.

import { record } from "../audit/record.ts";
import { FROM_AFAR, hasHung } from "../ending/from-afar.ts";
import { FROM_OUTSIDE, fromOutsideOf, type TerminalActions } from "../ending/terminal-actions.ts";
import { describe, GRACE_MS, type Scene } from "../guard/act.ts";
import { ageLimitMs } from "../guard/judge.ts";
import { LOGIN_SUBJECT } from "../guard/observe.ts";
import { stateDirectoryOf } from "../lock/record.ts";
import { findLogin, sshdOf } from "../login/login.ts";
import { type Terminal, terminalsOf } from "../login/terminal.ts";
import { givenOn } from "../notice/show.ts";
import { farewell, warning } from "../notice/text.ts";
import type { Surveyed } from "../survey/survey.ts";
import { readClocks } from "../system/clock.ts";
import { reasonOf } from "../text/reason-of.ts";
import { spoken } from "../text/spoken.ts";

const CAUSE = "administrator";

/** The result for one login. */
export interface EndedLogin {
  readonly user: string;
  readonly sshdPid: number;
  readonly ended: boolean;
  readonly steps: readonly string[];
}

/** Warns the user on every terminal of a login, and records it. Does not throw for a terminal that cannot be written to. */
export async function warnLogin(
  it: Surveyed,
  { closesInMs, message, reason }: { closesInMs: number; message: string; reason: string },
): Promise<void> {
  const scene = sceneOf(it);
  const { terminals } = scene.observation;
  const closesAt = new Date(Date.now() + closesInMs);
  const shown = await Promise.all(
    terminals.map((terminal) =>
      actionsFor(it).showNotice(terminal, (columns) =>
        warning({
          user: it.login.user,
          kind: CAUSE,
          idleMs: 0,
          lastedMs: readClocks().bootMs - it.login.startedBootMs,
          maxLoginMs: ageLimitMs(scene.applied),
          closesInMs,
          closesAt,
          message,
          columns,
        }),
      ),
    ),
  );
  const why = `${reason}, closes in ${spoken(closesInMs)}`;
  await record(
    describe("notice", subjectOf(scene), scene, {
      cause: CAUSE,
      outcome: givenOn(shown),
      ended: null,
      reason: why,
    }),
  );
}

/** A login that made its watchdog's look hang would also make this program hang. */
function actionsFor({ login, memory, watchdog }: Surveyed): TerminalActions {
  if (hasHung(memory)) return FROM_AFAR;
  return watchdog === "root" ? fromOutsideOf(stateDirectoryOf(login)) : FROM_OUTSIDE;
}

/** Ends a login and proves that it is gone; one that has ended meanwhile counts as gone. Never throws. `reason` names who asked. */
export async function endOne(it: Surveyed, reason: string): Promise<EndedLogin> {
  const { user } = it.login;
  const sshdPid = sshdOf(it.login).pid;
  try {
    const scene = sceneOf(it);
    if (!findLogin(it.login)) return { user, sshdPid, ended: true, steps: ["it has ended by itself"] };
    const line = () => farewell({ user, at: new Date(), reason });
    const { ended, steps } = await actionsFor(it).endLogin(scene.login, scene.observation.terminals, {
      asRoot: true,
      graceMs: GRACE_MS,
      // The farewell stops the program that draws on the terminal. In our own login that is this program.
      say: (terminal: Terminal) =>
        it.isOwn ? Promise.resolve(undefined) : actionsFor(it).sayFarewell(terminal, line()),
    });
    const outcome = steps.join("; ");
    await record(describe("end", subjectOf(scene), scene, { cause: CAUSE, outcome, ended, reason }));
    return { user, sshdPid, ended, steps };
  } catch (error) {
    return { user, sshdPid, ended: false, steps: [reasonOf(error)] };
  }
}

/** The login with its terminals of now: the survey may be old, because a notice can stand for long. */
function sceneOf({ login, applied, observation, map, memory }: Surveyed): Scene {
  const terminals = terminalsOf(login, { isFromAfar: hasHung(memory) });
  return { login, applied, map, observation: { ...observation, terminals } };
}

/** The subject that the audit record names. */
function subjectOf({ observation }: Scene): string {
  return Object.keys(observation.subjects)[0] ?? LOGIN_SUBJECT;
}
