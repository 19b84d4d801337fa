// Whether every login has its watchdog.
import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { findLogins } from "../../login/all.ts";
import { type Login, sshdOf } from "../../login/login.ts";
import { allProcesses } from "../../login/process.ts";
import { stoppedWatchdogsAmong, type Watchdog, watchdogsAmong } from "../../login/watchdogs.ts";
import { serviceFile } from "../../setup/pam-service.ts";
import { readClocks } from "../../system/clock.ts";
import { type Check, error, type Problem, warning } from "./finding.ts";
import { isRoots } from "./installation.ts";

/** A login that has just begun may still be without its watchdog for a moment. */
const PATIENCE_MS = 2000;
const SWEEP = "sudo afkill sweep applies the policy to it";

export const watchdogs: Check = {
  id: "watchdogs",
  fine: "every login has its watchdog",
  find: async (installation) => {
    const wantsRoots = isRoots(installation);
    if ((await problems(wantsRoots)).length === 0) return [];
    await sleep(PATIENCE_MS);
    return await problems(wantsRoots);
  },
};

/** One problem for each login without a watchdog. `wantsRoots`: a watchdog of the user does not count. */
async function problems(wantsRoots: boolean): Promise<Problem[]> {
  const processes = allProcesses();
  const watchdogOf = watchdogsAmong(processes);
  const stoppedOf = stoppedWatchdogsAmong(processes);
  const logins = await findLogins(processes);
  return logins.flatMap((login) => {
    const watchdog = watchdogOf(login);
    if (wantsRoots && watchdog !== "root") return [rootsIsMissing(login)];
    if (watchdog === undefined) return [usersIsMissing(login)];
    const stopped = stoppedOf(login);
    return stopped.length > 0 ? [isStopped(login, watchdog, stopped)] : [];
  });
}

/** A warning for a user's watchdog, because the user may stop it. Only root can stop root's: an error. */
function isStopped(login: Login, watchdog: Watchdog, pids: readonly number[]): Problem {
  const what = `the watchdog of ${named(login)} is stopped (state T in /proc/${pids[0]}/stat): it guards nothing`;
  return (watchdog === "root" ? error : warning)(what, `kill -CONT ${pids.join(" ")}`);
}

function rootsIsMissing(login: Login): Problem {
  const what = `${named(login)} has no watchdog that runs as root`;
  if (isOlderThanHook(login)) return warning(`${what}: it began before the hook was installed`, SWEEP);
  return error(what, `see the reason in the log (journalctl -t afkill); until then, ${SWEEP}`);
}

/** Only a warning: with these hooks a shell may not start a watchdog, and a user may stop it. */
function usersIsMissing(login: Login): Problem {
  const why =
    "it began before the hook was installed, its shell does not start one, or its user has stopped it";
  return warning(`${named(login)} has no watchdog: ${why}`, `${SWEEP}; --hook pam guards every login`);
}

function named(login: Login): string {
  const { user, uid, client } = login;
  const from = client === undefined ? "" : ` from ${client.address}`;
  return `the login of ${user} (uid ${uid}${from}, sshd ${sshdOf(login).pid})`;
}

function isOlderThanHook({ startedBootMs }: Login): boolean {
  const { bootMs, wallMs } = readClocks();
  return wallMs - (bootMs - startedBootMs) < hookSinceMs();
}

/** When the PAM file last changed, in ms of the wall clock. */
function hookSinceMs(): number {
  try {
    return statSync(serviceFile()).mtimeMs;
  } catch {
    return 0;
  }
}
