import { isInDoubt } from "../guard/decide.ts";
import { LOGIN_SUBJECT } from "../guard/observe.ts";
import type { Login } from "../login/login.ts";
import type { Watchdog } from "../login/watchdogs.ts";
import type { Surveyed } from "./survey.ts";

/**
 * `no watchdog`: it would be warned or ended, and nobody is there to do it. `fault`: something of it cannot be read, or what the policy
 * says of it is not known, and then nobody ends it.
 */
export type State = "active" | "idle" | "warned" | "exempt" | "no watchdog" | "fault";

/** Whoever did something within this time is at work. A limit of seconds halves it. */
const ACTIVE_MS = 60_000;

type Looked = Pick<Surveyed, "applied" | "observation" | "map" | "memory" | "unread"> & {
  readonly login: Login;
  readonly watchdog: Watchdog | undefined;
};

/** The state of a login: a fault, else exempt, else unguarded, else warned, else by its most active terminal. */
export function stateOf({ applied, watchdog, memory, observation, map, unread }: Looked): State {
  if (unread !== undefined) return "fault";
  if (applied.exempt) return isInDoubt(applied) ? "fault" : "exempt";
  if (watchdog === undefined) return "no watchdog";
  if (Object.keys(memory.standing).some((id) => isStillThere(id, observation))) return "warned";
  const subjects = Object.values(observation.subjects);
  // Without a limit for logins without a terminal nothing is measured: what runs is there for somebody.
  if (subjects.length === 0) return "active";
  const activeMs = Math.min(ACTIVE_MS, applied.limits.idleTimeoutMs / 2);
  const nowMs = map.toIdleMs(map.now.bootMs);
  return subjects.some(({ lastActivity }) => nowMs - map.toIdleMs(lastActivity.atMs) < activeMs)
    ? "active"
    : "idle";
}

function isStillThere(id: string, { subjects, terminals }: Surveyed["observation"]): boolean {
  return id in subjects || id === LOGIN_SUBJECT || terminals.length > 0;
}
