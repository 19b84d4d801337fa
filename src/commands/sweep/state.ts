// What a sweep leaves for the next one: a directory for each login, which is also what two sweeps at once agree by.
import { constants, openSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { forgetEnded } from "../../activity/keep.ts";
import { directoryNameOf, type Login } from "../../login/login.ts";
import { lockFile } from "../../system/libc.ts";
import { makeOwn } from "../../system/own-directory.ts";
import { RUN_DIRECTORY, SWEEP_DIRECTORY } from "../../system/paths.ts";

/** Makes what a sweep keeps its memory in and forgets the logins that are gone. Throws where it is not root's own. */
export function prepareState(logins: readonly Login[]): void {
  makeOwn(RUN_DIRECTORY, 0o755);
  makeOwn(SWEEP_DIRECTORY, 0o700);
  forgetEnded();
  const living = new Set(logins.map(directoryNameOf));
  for (const name of readdirSync(SWEEP_DIRECTORY))
    if (/^\d+-\d+$/.test(name) && !living.has(name))
      rmSync(join(SWEEP_DIRECTORY, name), { recursive: true, force: true });
}

/** The directory of a login, locked until this process ends; `undefined` when another sweep is at it. */
export function claim(login: Login): string | undefined {
  const directory = join(SWEEP_DIRECTORY, directoryNameOf(login));
  makeOwn(directory, 0o700);
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
  // Never closed: the lock goes with the process, however it ends.
  return lockFile(openSync(join(directory, "lock"), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600))
    ? directory
    : undefined;
}
