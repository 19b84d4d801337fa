import { isInDoubt } from "../guard/decide.ts";
import { ageLimitMs } from "../guard/judge.ts";
import { LOGIN_SUBJECT } from "../guard/observe.ts";
import type { Login } from "../login/login.ts";
import type { Watchdog } from "../login/watchdogs.ts";
import type { Surveyed } from "./survey.ts";

/**
 * `locked`: all of its terminals are. `no watchdog`: it should be warned or ended, but nobody is there to do it. `fault`: some of it cannot be read, or its policy is
 * unknown; then nobody ends it.
 */
export type State = "active" | "idle" | "warned" | "locked" | "exempt" | "no watchdog" | "fault";

/** A login with activity within this time is active. If half of its idle limit is shorter, that counts instead. */
const ACTIVE_MS = 60_000;

type Looked = Pick<Surveyed, "applied" | "observation" | "map" | "memory" | "unread"> & {
  readonly login: Login;
  readonly watchdog: Watchdog | undefined;
};

/**
 * The state of a login: fault, else no watchdog, else locked, else exempt, else warned, else the state of its most active terminal. An
 * exempt login that may not last for ever can be without a watchdog, or warned, too.
 */
export function stateOf({ applied, watchdog, memory, observation, map, unread }: Looked): State {
  if (unread !== undefined) return "fault";
  if (isInDoubt(applied)) return "fault";
  const lastsForEver = applied.exempt && !Number.isFinite(ageLimitMs(applied));
  if (watchdog === undefined && !lastsForEver) return "no watchdog";
  if (isLocked(observation)) return "locked";
  if (lastsForEver) return "exempt";
  const standing = Object.keys(memory.standing).filter((id) => !memory.standing[id]?.isAside);
  if (standing.some((id) => isStillThere(id, observation))) return "warned";
  if (applied.exempt) return "exempt";
  const subjects = Object.values(observation.subjects);
  // A login without a terminal and without a limit is not measured. It counts as active: its programs run for somebody.
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

/** Whether nobody can use the login: each of its terminals is locked. */
function isLocked({ terminals, locks }: Surveyed["observation"]): boolean {
  return terminals.length > 0 && terminals.every(({ id }) => locks?.[id]);
}
