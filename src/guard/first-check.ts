import { closeSync, constants, futimesSync, openSync, readSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Limits, Policy } from "../policy/policy.ts";
import { makeFile } from "../system/make-file.ts";
import { firstLookMs } from "./judge.ts";

/** With every limit off there is nothing to check. A new policy wakes the watchdogs anyway. */
const NEVER_S = 86_400;

/** After how many seconds a login needs its first check, whichever of these limits apply to it. */
export function firstCheckS(all: readonly Limits[]): number {
  const dueMs = Math.min(...all.map(firstLookMs));
  return Number.isFinite(dueMs) ? Math.floor(dueMs / 1000) : NEVER_S;
}

/**
 * Writes for pam/watchdog how many seconds after a login nothing can be due yet: then a short login never starts Node. The file lies beside
 * the state directories of the logins. A failure does no harm: the next login is then checked at once.
 */
export function publishFirstCheck(policy: Policy, stateDirectory: string): void {
  const text = `${firstCheckS(possibleLimits(policy))}\n`;
  const path = join(dirname(stateDirectory), "first-check");
  if (isConfirmed(path, text)) return;
  const temporary = `${path}.${process.pid}`;
  try {
    // Users' watchdogs read root's file.
    makeFile(temporary, text, 0o644);
    renameSync(temporary, path);
  } catch {
    forget(temporary);
  }
}

/** All limits that can apply to a login. An exempt login has its own `max_login`, and the notices of the rule that fits it. */
function possibleLimits({ base, rules, exempt: { maxLoginMs } }: Policy): readonly Limits[] {
  const all = [base, ...rules.map(({ limits }) => limits)];
  return [...all, ...all.map((limits) => ({ ...limits, maxLoginMs }))];
}

/** Whether the file says this already. Then it is only made newer than the policy: the watchdog believes no older one. */
function isConfirmed(path: string, text: string): boolean {
  try {
    const fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = Buffer.alloc(text.length + 1);
      if (found.toString("latin1", 0, readSync(fd, found)) !== text) return false;
      const now = new Date();
      futimesSync(fd, now, now);
      return true;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}

/** Removes what a failed write has left: on a full /run each check would leave an empty file. Never throws. */
function forget(temporary: string): void {
  try {
    rmSync(temporary, { force: true });
  } catch {
    // A watchdog that can write nowhere gives /dev/null as its directory: there `rm` fails with ENOTDIR, in spite of `force`.
  }
}
