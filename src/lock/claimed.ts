// Waits for the watchdog of a login that has just begun: only root's watchdog can lock.
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Login } from "../login/login.ts";
import { readClocks } from "../system/clock.ts";
import { stateDirectoryOf } from "./record.ts";

/** A watchdog claims its login a moment after the beginning: it leaves those alone that only run a command. */
const CLAIMS_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 100;

/** Whether a watchdog of root's guards a login. Waits for it in the first 15 s of the login. */
export async function isClaimed(
  login: Login,
  stateDirectory: string = stateDirectoryOf(login),
): Promise<boolean> {
  const claimedBy = login.startedBootMs + CLAIMS_WITHIN_MS;
  while (!existsSync(stateDirectory) && readClocks().bootMs < claimedBy) await sleep(LOOK_EVERY_MS);
  return existsSync(stateDirectory);
}
