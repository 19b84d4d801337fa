// Terminals that lock, as their users see them.
import { expect, vi } from "vitest";
import type { AuditRecord } from "../../src/audit/record.ts";
import type { Lab, Ssh } from "../lab/lab.ts";
import { pictureOf, seen } from "./emulated.ts";
import { auditOf, SOON } from "./logins.ts";

/** What a locked terminal waits for: a key first, so that PAM asks nobody who is not there. In 20 columns it is cut. */
const RESTS = /Press Enter to unlo/;
const ASKS = /Password:/;
export const LOCKED = /this\s+terminal is locked/;
const PASSWORD = "correct horse";
const MOST_ROUNDS = 20;

/** A user who has a password; a lab's users have none otherwise. */
export async function addUserWithPassword(
  lab: Lab,
  name: string,
  options: Parameters<Lab["addUser"]>[1] = {},
): Promise<void> {
  await lab.addUser(name, options);
  await lab.must("chpasswd", { input: `${name}:${PASSWORD}\n` });
}

/** Waits until the terminal is locked. */
export async function waitForLock(ssh: Ssh): Promise<void> {
  await ssh.waitFor(() => LOCKED.test(ssh.screen()) && RESTS.test(ssh.screen()));
}

/** Asks to be asked, and gives an answer. While the rest of a paste comes, no key asks. */
export async function answer(ssh: Ssh, text: string): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS && !ASKS.test(ssh.screen()); round++) {
    ssh.write("\r");
    await ssh.waitFor(ASKS, 5_000).catch(() => undefined);
  }
  await ssh.waitFor(ASKS);
  ssh.write(`${text}\r`);
}

/** Gives the right answer and waits until the lock is gone. */
export async function unlock(ssh: Ssh): Promise<void> {
  await answer(ssh, PASSWORD);
  await ssh.waitFor(() => !LOCKED.test(ssh.screen()));
}

/** Everything that can be seen of a screen, its cursor and its modes. A program that draws anew may leave other colours for its next output. */
export function seenOn(ssh: Ssh) {
  const { rows, cursor, modes, charset, type } = seen(pictureOf(ssh.terminal));
  return { rows, cursor, modes, charset, type };
}

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
