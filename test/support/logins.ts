// What the end-to-end tests share: a policy of seconds, and logins that have settled at their prompt.
import { expect, vi } from "vitest";
import type { AuditRecord } from "../../src/audit/record.ts";
import type { Lab, Ssh } from "../lab/lab.ts";

export const LIMIT_S = 20;
/** A login that lives for so long was not ended late either. */
export const LONG_S = 2.5 * LIMIT_S;
/** The kernel keeps the time of the last key in steps of this. */
const BUCKET_S = 8;
/** A login ends within a second of its limit; the rest is what a busy machine may take on top. */
const ENDING_S = 1;
const NOISE_S = 12;

/** How long something may take that follows at once, for `vi.waitFor`: `expect.poll` does not work in tests that run side by side. */
export const SOON = { timeout: 30_000, interval: 50 };

/** The policy of most tests: a limit of 20 s, notices at 10 s and 5 s before the end. Top-level lines may be added. */
export function policyOfSeconds(more = ""): string {
  return `idle_timeout = "${LIMIT_S}s"\nwarn_before = ["10s", "5s"]\n${more}\n`;
}

/** That of any shell, at the end of a line. */
export const PROMPT = /[$#%>] ?$/m;

/** Logs in and waits for the shell. */
export async function atPrompt(lab: Lab, user: string, options: readonly string[] = []): Promise<Ssh> {
  const ssh = lab.ssh(user, options);
  await ssh.waitFor(PROMPT);
  return ssh;
}

/** Types a line and returns when that was, in ms of `performance.now`. */
export function type(ssh: Ssh, keys: string): number {
  ssh.write(keys);
  return performance.now();
}

/** Waits for the end of a login and checks that it came between its limit and the end of the last key's bucket after it. */
export async function expectEndOnTime(ssh: Pick<Ssh, "exit">, lastKeyAt: number): Promise<void> {
  await ssh.exit;
  const afterS = (performance.now() - lastKeyAt) / 1000;
  expect(afterS).toBeGreaterThanOrEqual(LIMIT_S);
  expect(afterS).toBeLessThanOrEqual(LIMIT_S + BUCKET_S + ENDING_S + NOISE_S);
}

/** The audit of one user. */
export async function auditOf(lab: Lab, user: string): Promise<AuditRecord[]> {
  return (await lab.audit()).filter((record) => record.user === user);
}

/** The audit of one user once an ending is in it: the record follows the proof, a moment after the client has gone. */
export async function auditWithEnd(lab: Lab, user: string): Promise<AuditRecord[]> {
  return vi.waitFor(async () => {
    const audit = await auditOf(lab, user);
    expect(audit.map(({ action }) => action)).toContain("end");
    return audit;
  }, SOON);
}

/** Counts how often something stands in everything that a client printed. */
export function timesPrinted(ssh: Ssh, what: RegExp): number {
  return ssh.output.match(new RegExp(what, "g"))?.length ?? 0;
}

/** Resolves once that many seconds have passed; for a login that must be alive after them. */
export async function aliveAfter(ssh: Ssh, seconds: number): Promise<boolean> {
  const timer = Promise.withResolvers<true>();
  const handle = setTimeout(() => timer.resolve(true), seconds * 1000);
  const alive = await Promise.race([timer.promise, ssh.exit.then(() => false)]);
  clearTimeout(handle);
  return alive;
}

/** Types the same keys every so often while a login must live, and says whether it did. */
export async function aliveWhileTyped(ssh: Ssh, keys: string, everyS: number): Promise<boolean> {
  ssh.write(keys);
  const typing = setInterval(() => ssh.write(keys), everyS * 1000);
  const alive = await aliveAfter(ssh, LONG_S);
  clearInterval(typing);
  return alive;
}
