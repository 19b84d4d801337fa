import { renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Limits, Policy } from "../policy/policy.ts";
import { makeFile } from "../system/make-file.ts";
import { firstLookMs } from "./judge.ts";

/** With every limit off there is nothing to look for; a new policy wakes the watchdogs anyway. */
const NEVER_S = 86_400;

/** After how many seconds a login must be looked at for the first time, under whichever of these limits it may be. */
export function firstCheckS(all: readonly Limits[]): number {
  const dueMs = Math.min(...all.map(firstLookMs));
  return Number.isFinite(dueMs) ? Math.floor(dueMs / 1000) : NEVER_S;
}

/**
 * Leaves for pam/watchdog how many seconds after a login nothing can be due yet, so that a short login never starts Node. It lies
 * beside the state directories of the logins. Failing is harmless: the next login then looks at once.
 */
export function publishFirstCheck(policy: Policy, stateDirectory: string): void {
  const text = `${firstCheckS([policy.base, ...policy.rules.map(({ limits }) => limits)])}\n`;
  const path = join(dirname(stateDirectory), "first-check");
  const temporary = `${path}.${process.pid}`;
  try {
    // The watchdogs of users read root's.
    makeFile(temporary, text, 0o644);
    renameSync(temporary, path);
  } catch {
    // Nothing depends on it. On a full /run each check would leave an empty file.
    rmSync(temporary, { force: true });
  }
}
