import type { Login } from "../login/login.ts";
import type { Terminal } from "../login/terminal.ts";
import { hangUpSaid, leaderOf, type Manner } from "./hang-up.ts";
import {
  type EndingOutcome,
  type EndingStep,
  HANG_UP_SIGNAL,
  ITSELF,
  insist,
  killing,
  outcomeOf,
  TERMINATE,
  target,
} from "./insist.ts";
import { sayLastLine } from "./last-line.ts";
import { sessionsSince, standStill } from "./newcomers.ts";

/**
 * Ends a login: first the last line on each of its terminals, then the sshd that serves them, then the privileged sshd, then the session
 * leaders that remain. The sshd ends before the shells, so that the client says `closed by remote host` and not that a command ended.
 * Processes that the user detached live on. Never throws; if a step fails, the next is still taken.
 *
 * A user may not signal the privileged sshd; it ends when its child does. A SIGKILL of the privileged sshd alone would leave the child
 * serving the client, so the child is always first.
 *
 * If `sinceMs` is given, a session that began later spares the sshd: see `Manner`.
 */
export async function endLogin(
  login: Login,
  terminals: readonly Terminal[],
  { asRoot, graceMs, say, sinceMs }: Manner,
): Promise<EndingOutcome> {
  using holds = new DisposableStack();
  const { server, privileged } = login;
  const serverTarget = holds.use(target(`${login.child ? "child " : ""}sshd ${server.pid}`, server));
  const privilegedTarget =
    privileged && privileged.pid !== server.pid
      ? holds.use(target(`privileged sshd ${privileged.pid}`, privileged))
      : undefined;
  const leaders = terminals.map((terminal) => {
    const leader = leaderOf(terminal);
    return leader && holds.use(leader);
  });

  const said = await Promise.all(terminals.map((terminal) => sayLastLine(terminal, say)));
  const steps: EndingStep[] = said.map(({ text }) => ({ ended: true, text }));
  let terminate = TERMINATE;
  if (sinceMs !== undefined) {
    // A second ago every session in this login had been judged. A client can open a session in less than a second.
    const sshd = await standStill(serverTarget);
    const newcomers = newcomersOf(login, sinceMs);
    if (newcomers !== "") {
      sshd.release();
      steps.push({
        ended: true,
        text: `${serverTarget.name} lives on: ${newcomers} began at the last moment`,
      });
      const hungUp = terminals.flatMap((terminal, at) => {
        const line = said[at];
        return line ? [hangUpSaid(terminal, leaders[at], line, { asRoot, graceMs })] : [];
      });
      return { ...outcomeOf([...steps, ...(await Promise.all(hungUp))]), spared: true };
    }
    terminate = sshd.terminate;
  }
  steps.push(await insist(serverTarget, [terminate, ...killing(asRoot)], graceMs));
  // Only now: with the sshd gone, what they draw no longer reaches the user's own terminal.
  for (const { thaw } of said) thaw();
  if (privilegedTarget) {
    const measures = asRoot ? [ITSELF, TERMINATE, ...killing(asRoot)] : [ITSELF];
    steps.push(await insist(privilegedTarget, measures, graceMs));
  }
  // Their terminals ended with the sshds. This ends all leaders but those that ignore it.
  const last = leaders.flatMap((leader) =>
    leader ? [insist(leader, [ITSELF, HANG_UP_SIGNAL, ...killing(asRoot)], graceMs)] : [],
  );
  return outcomeOf([...steps, ...(await Promise.all(last))]);
}

/** Names what began in a login, for the audit; empty if nothing did. What cannot be seen spares nobody. */
function newcomersOf(login: Login, sinceMs: number): string {
  try {
    const pids = sessionsSince(login, sinceMs).map(({ pid }) => pid);
    return pids.length === 0 ? "" : `process ${pids.join(", ")}`;
  } catch {
    return "";
  }
}
