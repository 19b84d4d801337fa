// Terminals that lock, as their users see them.
import { expect, vi } from "vitest";
import type { AuditRecord } from "../../src/audit/record.ts";
import type { Lab, Ssh } from "../lab/lab.ts";
import { pictureOf } from "./emulated.ts";
import { auditOf, SOON } from "./logins.ts";

/** The line at which a locked terminal waits for an answer. */
export const ASKS = /Password:/;
export const LOCKED = /locked/;
const PASSWORD = "correct horse";

/** A user who has a password; a lab's users have none otherwise. */
export async function addUserWithPassword(
  lab: Lab,
  name: string,
  options: Parameters<Lab["addUser"]>[1] = {},
): Promise<void> {
  await lab.addUser(name, options);
  await lab.must("chpasswd", { input: `${name}:${PASSWORD}\n` });
}

/** Waits until the terminal is locked and asks. */
export async function waitForLock(ssh: Ssh): Promise<void> {
  await ssh.waitFor(() => LOCKED.test(ssh.screen()) && ASKS.test(ssh.screen()));
}

/** Types the right answer and waits until the lock is gone. */
export async function unlock(ssh: Ssh): Promise<void> {
  ssh.write(`${PASSWORD}\r`);
  await ssh.waitFor(() => !LOCKED.test(ssh.screen()));
}

/** Everything that can be seen of a screen, and its modes. */
export const seenOn = (ssh: Ssh) => pictureOf(ssh.terminal);

/** The records of a user once one of an action is among them. */
export function auditWith(lab: Lab, user: string, action: AuditRecord["action"]): Promise<AuditRecord[]> {
  return vi.waitFor(async () => {
    const audit = await auditOf(lab, user);
    expect(audit.map((record) => record.action)).toContain(action);
    return audit;
  }, SOON);
}

/** The processes of a user that are stopped. */
export const stoppedOf = (lab: Lab, user: string) =>
  lab.processes().filter((it) => it.user === user && /^[Tt]$/.test(it.state));
