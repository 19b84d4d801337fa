import { existsSync } from "node:fs";
import type { Login } from "../login/login.ts";
import type { Memory } from "../memory.ts";
import { apply } from "./apply.ts";
import { publishFirstCheck } from "./first-check.ts";
import { groupsOf } from "./groups.ts";
import { loadPolicy } from "./load.ts";
import type { Applied } from "./policy.ts";

/** What applies to a login when no policy can be had: nobody is ended. */
export const NO_POLICY: Applied = {
  rule: "no valid policy: nobody is ended",
  exempt: true,
  limits: {
    idleTimeoutMs: Number.POSITIVE_INFINITY,
    warnBeforeMs: [],
    activity: ["input"],
    busyMaxMs: Number.POSITIVE_INFINITY,
    noTerminalMs: Number.POSITIVE_INFINITY,
    maxLoginMs: Number.POSITIVE_INFINITY,
    maxStayMs: Number.POSITIVE_INFINITY,
    mouseMotion: true,
    trustTtyTimes: true,
    heartbeats: true,
    message: "",
  },
};

/** The program that this process runs; an upgrade renames another one to its place, so it is never missing meanwhile. */
const PROGRAM = process.argv[1] ?? "";

/** Whether afkill has been uninstalled since this process began. */
export function isUninstalled(): boolean {
  return !existsSync(PROGRAM);
}

/** What applies to a login now, and what to say in the log when it is not what the files say. */
export interface Decided {
  readonly applied: Applied;
  readonly lastGood: Applied | undefined;
  readonly complaint: string | undefined;
}

/**
 * Reads the policy and applies it to a login. A policy that cannot be read, or a user whose groups cannot be resolved, leaves the
 * login under what applied to it before; a login that never had a good one is ended by nobody. An uninstall leaves logins alone, those
 * too that were warned before it.
 */
export async function decidePolicy(
  { configPath, stateDirectory }: { readonly configPath: string; readonly stateDirectory: string },
  login: Login,
  { lastGood }: Pick<Memory, "lastGood">,
): Promise<Decided> {
  if (isUninstalled())
    return { applied: NO_POLICY, lastGood, complaint: "afkill is no longer installed; nobody is ended" };
  try {
    const policy = await loadPolicy(configPath);
    publishFirstCheck(policy, stateDirectory);
    const applied = apply(policy, {
      user: login.user,
      groups: await groupsOf(login.user),
      address: login.client?.address,
    });
    return { applied, lastGood: applied, complaint: undefined };
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    const consequence = lastGood ? "the last good policy still applies" : "nobody is ended";
    return { applied: lastGood ?? NO_POLICY, lastGood, complaint: `${what}; ${consequence}` };
  }
}
