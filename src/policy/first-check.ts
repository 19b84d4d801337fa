import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { earliestDueMs } from "../judge.ts";
import type { Policy } from "./policy.ts";

/** Read by pam/watchdog: how many seconds after a login nothing can be due yet, so that a short login never starts Node. */
const FIRST_CHECK = "/run/afkill/first-check";
/** With every limit off there is nothing to look for; a new policy wakes the watchdogs anyway. */
const NEVER_S = 86_400;

/** Leaves the time of the first check for the logins to come. Only root may; failing is harmless, they then look after one slice. */
export function publishFirstCheck(policy: Policy): void {
  if (process.geteuid?.() !== 0) return;
  const dueMs = Math.min(...[policy.base, ...policy.rules.map(({ limits }) => limits)].map(earliestDueMs));
  const text = `${Number.isFinite(dueMs) ? Math.floor(dueMs / 1000) : NEVER_S}\n`;
  const temporary = `${FIRST_CHECK}.${process.pid}`;
  try {
    mkdirSync("/run/afkill", { recursive: true, mode: 0o755 });
    writeFileSync(temporary, text, { flag: "wx", mode: 0o644 });
    renameSync(temporary, FIRST_CHECK);
  } catch {
    // Nothing depends on it.
  }
}
