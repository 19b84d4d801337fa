// One pass over all logins. For each login it does what a watchdog would do now, with the same `guard`.

import { sessionsSince } from "../../ending/newcomers.ts";
import type { Scene } from "../../guard/act.ts";
import { guard } from "../../guard/guard.ts";
import { type CheckedLook, hostOf } from "../../guard/host.ts";
import { findLogins } from "../../login/all.ts";
import { findLogin, type Login, sshdOf } from "../../login/login.ts";
import { allProcesses } from "../../login/process.ts";
import { guardedAmong } from "../../login/watchdogs.ts";
import { survey } from "../../survey/survey.ts";
import { reasonOf } from "../../text/reason-of.ts";
import { type SweepAction, sweepActionsOf, wordsOf } from "./actions.ts";
import { claim, prepareState } from "./state.ts";
import { tellOnce, whyUnguarded } from "./unguarded.ts";

export interface SweepOptions {
  readonly configPath: string;
  /** Replaces the policy's idle timeout, in ms. Then logins that have a watchdog are swept too. */
  readonly idleTimeoutMs: number | undefined;
}

/** A message about a login or the host. `kept`: nothing was done to it; `fault`: it should have ended, or could not be judged. */
export interface News {
  readonly kind: "done" | "kept" | "fault";
  readonly line: string;
}

/**
 * Warns and ends what the policy says, all logins in parallel. Resolves when none of its own notices stands any more. `tell` gets each
 * action when it is done. A login without a terminal that was never looked at counts as active from this look on. Resolves to whether new
 * logins are guarded.
 */
export async function sweep(options: SweepOptions, tell: (news: News) => void): Promise<boolean> {
  const processes = allProcesses();
  const logins = await findLogins(processes);
  const isGuarded = guardedAmong(processes);
  prepareState(logins);
  const why = whyUnguarded();
  await tellOnce(why, (line) => tell({ kind: "fault", line }));
  const due = logins.filter((it) => options.idleTimeoutMs !== undefined || !isGuarded(it));
  await Promise.all(due.map((login) => sweepOne(login, options, tell)));
  return why === undefined;
}

async function sweepOne(login: Login, options: SweepOptions, tell: (news: News) => void): Promise<void> {
  const name = `${login.user} (sshd ${sshdOf(login).pid})`;
  let last: CheckedLook | undefined;
  let didAnything = false;
  const hungUp = new Set<string>();
  const watch = (look: CheckedLook) => {
    last = look;
    for (const decision of look.verdict.decisions) {
      didAnything = true;
      const [action] = sweepActionsOf([decision], look.scene, look.verdict.endsAtMs);
      if (!action) continue;
      if (decision.kind === "end" && !look.ended) {
        if (sessionsSince(login, look.scene.map.now.bootMs).length === 0) throw new Error("it did not end");
        tell({ kind: "done", line: `kept ${name}: a session began in it just before its end` });
        continue;
      }
      if (decision.kind === "hang-up") {
        if (hungUp.has(decision.id)) throw new Error(`terminal ${action.terminals.join()} did not end`);
        hungUp.add(decision.id);
      }
      tell({ kind: "done", line: wordsOf(action, "done") });
    }
  };
  try {
    const stateDirectory = claim(login);
    if (!stateDirectory)
      return tell({ kind: "kept", line: `skipped ${name}: another sweep is working on it` });
    const { privileged, child } = login;
    const { configPath, idleTimeoutMs } = options;
    const assignment = { privileged, child, stateDirectory, configPath, clockHistory: "" };
    await guard(hostOf(assignment, { idleTimeoutMs, watch }));
    if (last?.complaint) return tell({ kind: "fault", line: `${name}: ${last.complaint}` });
    if (didAnything || !last || !findLogin(login)) return;
    const [action] = sweepActionsOf([], last.scene, last.verdict.endsAtMs);
    if (action) tell({ kind: "kept", line: wordsOf(action, "done") });
  } catch (error) {
    tell({ kind: "fault", line: `${name}: ${reasonOf(error)}` });
  }
}

/** What a sweep would do now. It changes and writes nothing. */
export async function rehearseSweep(options: SweepOptions): Promise<{
  actions: SweepAction[];
  faults: { user: string; sshdPid: number; fault: string }[];
  unguarded: string | null;
}> {
  const all = await survey(options);
  const isGuarded = guardedAmong(allProcesses());
  const due = all.filter(({ login }) => options.idleTimeoutMs !== undefined || !isGuarded(login));
  return {
    unguarded: whyUnguarded() ?? null,
    actions: due.flatMap((it) =>
      it.unread === undefined
        ? sweepActionsOf(it.verdict.decisions, it satisfies Scene, it.verdict.endsAtMs)
        : [],
    ),
    faults: due.flatMap(({ login, fault }) =>
      fault === undefined ? [] : [{ user: login.user, sshdPid: sshdOf(login).pid, fault }],
    ),
  };
}
