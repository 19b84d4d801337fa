// What a sweep keeps for the next one: a directory for each login. Its lock also keeps two sweeps at once apart.
import { constants, openSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { forgetEnded } from "../../activity/keep.ts";
import { directoryNameOf, type Login } from "../../login/login.ts";
import { lockFile } from "../../system/libc.ts";
import { makeOwn } from "../../system/own-directory.ts";
import { RUN_DIRECTORY, SWEEP_DIRECTORY } from "../../system/paths.ts";

/** Creates the directory for the memory of sweeps, and removes the memory of ended logins. Throws if it does not belong to root. */
export function prepareState(logins: readonly Login[]): void {
  makeOwn(RUN_DIRECTORY, 0o755);
  makeOwn(SWEEP_DIRECTORY, 0o700);
  forgetEnded();
  const living = new Set(logins.map(directoryNameOf));
  for (const name of readdirSync(SWEEP_DIRECTORY))
    if (/^\d+-\d+$/.test(name) && !living.has(name))
      rmSync(join(SWEEP_DIRECTORY, name), { recursive: true, force: true });
}

/** The directory of a login, locked until this process ends; `undefined` if another sweep has it. */
export function claim(login: Login): string | undefined {
  const directory = join(SWEEP_DIRECTORY, directoryNameOf(login));
  makeOwn(directory, 0o700);
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
  // Never closed: the lock ends with the process, in whatever way it ends.
  return lockFile(openSync(join(directory, "lock"), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600))
    ? directory
    : undefined;
}
