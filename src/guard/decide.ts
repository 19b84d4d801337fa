import type { Login } from "../login/login.ts";
import { apply, asksForGroups, type PolicySubject } from "../policy/apply.ts";
import { type Groups, groupsOf } from "../policy/groups.ts";
import { LIMITS, limitsWith } from "../policy/limits.ts";
import { loadPolicy } from "../policy/load.ts";
import type { Applied, Policy } from "../policy/policy.ts";
import { readClocks } from "../system/clock.ts";
import { isUninstalled } from "../system/installed.ts";
import { reasonOf } from "../text/reason-of.ts";
import { publishFirstCheck } from "./first-check.ts";
import type { KnownGroups, Memory } from "./memory.ts";

/** What applies to a login if no policy can be read: nobody is ended. */
export const NO_POLICY: Applied = {
  rule: "no valid policy: nobody is ended",
  exempt: true,
  limits: limitsWith((key) => LIMITS[key].harmless),
};

/**
 * What applies to a login whose groups have never been known, under a policy that names groups. The login may be exempt, and only the host
 * can be to blame.
 */
const NO_GROUPS: Applied = { ...NO_POLICY, rule: "groups not known: nobody is ended" };

/** Whether this replaces an answer that could not be had. Then it is not known whether the login is exempt. */
export function isInDoubt({ limits }: Applied): boolean {
  return limits === NO_POLICY.limits;
}

/** What applies to a login now, and what to log if that is not what the files say. */
export interface Decided {
  readonly applied: Applied;
  readonly lastGood: Applied | undefined;
  readonly groups: KnownGroups | undefined;
  readonly complaint: string | undefined;
}

type Known = Pick<Memory, "lastGood" | "groups">;

/**
 * Reads the policy and applies it to a login. If the policy cannot be read, or the groups of the user cannot be resolved, what was known
 * before still applies. A login that never had a good policy is ended by nobody. After an uninstall no login is ended, not even one that
 * was warned before.
 */
export async function decidePolicy(
  { configPath, stateDirectory }: { readonly configPath: string; readonly stateDirectory: string },
  login: Login,
  { lastGood, groups }: Known,
  ask = groupsOf,
): Promise<Decided> {
  if (isUninstalled())
    return {
      applied: NO_POLICY,
      lastGood,
      groups,
      complaint: "afkill is no longer installed; no login is ended",
    };
  try {
    const policy = await loadPolicy(configPath);
    publishFirstCheck(policy, stateDirectory);
    const who = whoOf(login);
    if (!asksForGroups(policy, who)) {
      const applied = apply(policy, { ...who, groups: [] });
      return { applied, lastGood: applied, groups, complaint: undefined };
    }
    const asked = await askAgain(login.user, groups, ask);
    const answer = asked.fault === undefined ? (asked.names ?? []) : new Error(asked.fault);
    const { applied, complaint } = applyTo(policy, who, answer, { lastGood, groups });
    const isGood = complaint === undefined || asked.names !== undefined;
    return { applied, lastGood: isGood ? applied : lastGood, groups: asked, complaint };
  } catch (error) {
    return { ...withoutPolicy(error, lastGood), lastGood, groups };
  }
}

/** The user and the address, in the form that a policy asks for. */
export function whoOf({ user, client }: Pick<Login, "user" | "client">): Omit<PolicySubject, "groups"> {
  return { user, address: client?.address };
}

/** What applies if the policy cannot be read, with words for the log. */
export function withoutPolicy(
  error: unknown,
  lastGood: Applied | undefined,
): Pick<Decided, "applied" | "complaint"> {
  const what = reasonOf(error);
  const consequence = lastGood ? "the last good policy still applies" : "nobody is ended";
  return { applied: lastGood ?? NO_POLICY, complaint: `${what}; ${consequence}` };
}

/**
 * What a policy says of a user. If it needs groups that are not known now, the groups known last still count. Without any, what applied
 * last; without that too, the login is ended by nobody, as its user may be exempt.
 */
export function applyTo(
  policy: Policy,
  who: Omit<PolicySubject, "groups">,
  groups: Groups,
  known: Known,
): Pick<Decided, "applied" | "complaint"> {
  if (!asksForGroups(policy, who))
    return { applied: apply(policy, { ...who, groups: [] }), complaint: undefined };
  if (!(groups instanceof Error)) return { applied: apply(policy, { ...who, groups }), complaint: undefined };
  const names = known.groups?.names;
  if (names) {
    const applied = apply(policy, { ...who, groups: names });
    return { applied, complaint: `${groups.message}; the groups known last still count` };
  }
  const consequence = known.lastGood ? "what applied last still applies" : "the login is not ended";
  return { applied: known.lastGood ?? NO_GROUPS, complaint: `${groups.message}; ${consequence}` };
}

/** After a failure the system is not asked again for this long. The time doubles with each further failure, up to the second number. */
const ASK_AGAIN_MS = 60_000;
const MOST_ASK_AGAIN_MS = 600_000;

/** Asks for the groups of a user, unless that failed lately: a directory that hangs must not block each check of each login. */
async function askAgain(
  user: string,
  before: KnownGroups | undefined,
  ask: typeof groupsOf,
): Promise<KnownGroups> {
  if (before?.fault !== undefined && readClocks().bootMs < before.askAtMs) return before;
  try {
    return { names: await ask(user), failures: 0, askAtMs: 0 };
  } catch (error) {
    const fault = reasonOf(error);
    const failures = (before?.failures ?? 0) + 1;
    const restMs = Math.min(ASK_AGAIN_MS * 2 ** Math.min(failures - 1, 10), MOST_ASK_AGAIN_MS);
    return { names: before?.names, failures, askAtMs: readClocks().bootMs + restMs, fault };
  }
}
