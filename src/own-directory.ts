import { chmodSync, lstatSync, mkdirSync } from "node:fs";

/** Makes a directory of root's, unless it is there. Throws where what is there is not root's own. */
export function makeOwn(directory: string, mode: number): void {
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
