// Whether every login has its watchdog.
import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { readClocks } from "../clock.ts";
import { findLogins } from "../login/all.ts";
import type { Login } from "../login/login.ts";
import { allProcesses } from "../login/process.ts";
import { watchdogsAmong } from "../login/watchdogs.ts";
import { serviceFile } from "../setup/hook-pam.ts";
import { type Check, error, type Problem, warning } from "./finding.ts";
import { isRoots } from "./installation.ts";

/** A login that begins in this moment gets its watchdog in the next. */
const PATIENCE_MS = 2000;
const SWEEP = "sudo afkill sweep judges it by the policy";

export const watchdogs: Check = {
  id: "watchdogs",
  fine: "every login has its watchdog",
  find: async (installation) => {
    const wantsRoots = isRoots(installation);
    if (unguarded(wantsRoots).length === 0) return [];
    await sleep(PATIENCE_MS);
    return unguarded(wantsRoots).map(wantsRoots ? rootsIsMissing : usersIsMissing);
  },
};

/** The logins that no watchdog guards; `wantsRoots`: a user's own does not count. */
function unguarded(wantsRoots: boolean): Login[] {
  const processes = allProcesses();
  const watchdogOf = watchdogsAmong(processes);
  return findLogins(processes).filter((login) => {
    const watchdog = watchdogOf(login);
    return wantsRoots ? watchdog !== "root" : watchdog === undefined;
  });
}

function rootsIsMissing(login: Login): Problem {
  const what = `${named(login)} has no watchdog of root's`;
  if (isOlderThanHook(login)) return warning(`${what}: it began before the hook was there`, SWEEP);
  return error(what, `see why (journalctl -t afkill); ${SWEEP} meanwhile`);
}

/** Not every login has one then: a shell may not start it, and a user may stop it. */
function usersIsMissing(login: Login): Problem {
  const why = "it began before the hook was there, its shell does not start one, or its user has stopped it";
  return warning(`${named(login)} has no watchdog: ${why}`, `${SWEEP}; --hook pam guards every login`);
}

function named({ user, uid, privileged, server, client }: Login): string {
  const from = client === undefined ? "" : ` from ${client.address}`;
  return `the login of ${user} (uid ${uid}${from}, sshd ${(privileged ?? server).pid})`;
}

function isOlderThanHook({ startedBootMs }: Login): boolean {
  const { bootMs, wallMs } = readClocks();
  return wallMs - (bootMs - startedBootMs) < hookSinceMs();
}

/** When the PAM file got its present content, on the wall clock. */
function hookSinceMs(): number {
  try {
    return statSync(serviceFile()).mtimeMs;
  } catch {
    return 0;
  }
}
