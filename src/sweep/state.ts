// What a sweep leaves for the next one: a directory for each login, which is also what two sweeps at once agree by.
import { chmodSync, constants, lstatSync, mkdirSync, openSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { lockFile } from "../libc.ts";
import type { Login } from "../login/login.ts";

const RUN_DIRECTORY = "/run/afkill";
const SWEEP_DIRECTORY = join(RUN_DIRECTORY, "sweep");

/** Makes what a sweep keeps its memory in and forgets the logins that are gone. Throws where it is not root's own. */
export function prepareState(logins: readonly Login[]): void {
  makeOwn(RUN_DIRECTORY, 0o755);
  makeOwn(SWEEP_DIRECTORY, 0o700);
  const living = new Set(logins.map(nameOf));
  for (const name of readdirSync(SWEEP_DIRECTORY))
    if (/^\d+-\d+$/.test(name) && !living.has(name))
      rmSync(join(SWEEP_DIRECTORY, name), { recursive: true, force: true });
}

/** The directory of a login, locked until this process ends; `undefined` when another sweep is at it. */
export function claim(login: Login): string | undefined {
  const directory = join(SWEEP_DIRECTORY, nameOf(login));
  makeOwn(directory, 0o700);
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
  // Never closed: the lock goes with the process, however it ends.
  return lockFile(openSync(join(directory, "lock"), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600))
    ? directory
    : undefined;
}

function nameOf({ privileged, server }: Login): string {
  const { pid, startTicks } = privileged ?? server;
  return `${pid}-${startTicks}`;
}

function makeOwn(directory: string, mode: number): void {
  try {
    mkdirSync(directory, { mode });
    // The umask is whatever cron or the login left.
    chmodSync(directory, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const status = lstatSync(directory);
  if (!status.isDirectory() || status.uid !== 0 || (status.mode & 0o022) !== 0)
    throw new Error(`${directory} must be a directory of root's that nobody else can write to: remove it`);
}
