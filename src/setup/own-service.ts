// A PAM service of afkill's own for sshd (PAMServiceName, OpenSSH 9.8 and later): /etc/pam.d/sshd, a file of the package openssh-server,
// stays as it is. If sshd's service is missing, libpam takes /etc/pam.d/other, which may refuse everybody. So the service file is made
// before sshd is told its name, and stays until no sshd can ask for it.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Change, directory, file, look } from "../change/change.ts";
import { digestOf } from "../change/content.ts";
import { SetupError } from "../change/setup-error.ts";
import { carryOutAll } from "../change/transaction.ts";
import { mustBeGood, type Reload, reload, settings } from "../sshd/sshd.ts";
import { OWN_SERVICE, OWN_SERVICE_FILE, PAM_DROP_IN } from "../system/paths.ts";
import { reasonOf } from "../text/reason-of.ts";
import { entryOf, type Manifest } from "./manifest.ts";
import { PAM_RULE } from "./pam-file.ts";
import { planOwnFileBack, planRemoval } from "./restore.ts";
import { isStillUnnamed, listenersWithPam, unnamedConnections } from "./sshd-processes.ts";

const WRITTEN = "# Written by `afkill install --hook pam`, removed by `afkill uninstall`.";

const DROP_IN_TEXT = `\
${WRITTEN}
# While this line is here, ${OWN_SERVICE_FILE} must be there too.
PAMServiceName ${OWN_SERVICE}
`;

const SERVICE_TEXT = `\
${WRITTEN}
# sshd uses this service because of ${PAM_DROP_IN}.
# Make your own changes in /etc/pam.d/sshd: all of it applies.
${PAM_RULE}
@include sshd
`;

/** What stays where an sshd may still ask for the service. */
const SERVICE_LEFT = `\
# Left by \`afkill uninstall\`: an sshd may still use this service. Remove this file after sshd was restarted.
@include sshd
`;

/** The service and then the drop-in that names it to sshd. */
export function planOwnService(): Change[] {
  return [
    file(OWN_SERVICE_FILE, 0o644, Buffer.from(SERVICE_TEXT)),
    directory(dirname(PAM_DROP_IN)),
    file(PAM_DROP_IN, 0o644, Buffer.from(DROP_IN_TEXT)),
  ];
}

/** Removes the service file, unless somebody has edited it; `purge` removes it even then. */
export function planServiceBack(manifest: Manifest, purge: boolean): Change[] {
  const now = look(OWN_SERVICE_FILE);
  if (now === undefined) return [];
  if (!now.isFile()) return purge ? planRemoval(OWN_SERVICE_FILE) : [];
  const text = readFileSync(OWN_SERVICE_FILE);
  const isOurs =
    [SERVICE_TEXT, SERVICE_LEFT].includes(text.toString()) ||
    entryOf(OWN_SERVICE_FILE, manifest)?.digest === digestOf(text);
  return isOurs || purge ? planRemoval(OWN_SERVICE_FILE) : [];
}

/** The drop-in, and then the service file. Empty if sshd is not told of the service. */
export function planOwnServiceBack(manifest: Manifest): Change[] {
  const dropIn = planOwnFileBack(PAM_DROP_IN, manifest);
  return dropIn.length === 0 ? [] : [...dropIn, ...planServiceBack(manifest, false)];
}

/** Throws if sshd would not use the service, or if its configuration is bad. */
export function mustUseOwnService(): void {
  mustBeGood();
  const used = settings().get("pamservicename");
  if (used !== OWN_SERVICE)
    throw new Error(`sshd -T shows pamservicename ${used} where ${PAM_DROP_IN} says ${OWN_SERVICE}`);
}

/** Makes sshd use the service. Throws if a running sshd may not have heard of it. Without one it takes effect when sshd starts. */
export function tellSshd(): string {
  const { line, listener } = reloadHostSshd();
  if (listener === undefined && listenersWithPam().length > 0)
    throw new Error(`whether sshd has read ${PAM_DROP_IN} is not known (${line})`);
  return line;
}

/** Reloads the sshd that uses the host's configuration. Throws if a running sshd cannot be told. */
export function reloadHostSshd(): Reload {
  return reload(settings().get("pidfile") ?? "/run/sshd.pid");
}

/** Before the service file goes again because an install has failed: throws if an sshd may still ask for it. */
export function mustBeUnused(): void {
  const why = whyStillUsed(reloadHostSshd(), () => undefined);
  if (why !== undefined) throw new Error(why);
}

/** Carries out `planOwnServiceBack`: tells sshd first. Throws a `SetupError` if sshd does not accept that. */
export function takeOwnServiceBack(changes: readonly Change[], report: (line: string) => void): void {
  const isService = ({ path }: Change) => path === OWN_SERVICE_FILE;
  let told: Reload | undefined;
  carryOutAll(
    changes.filter((change) => !isService(change)),
    () => {
      mustBeGood();
      told = reloadHostSshd();
      report(told.line);
    },
    report,
  );
  removeService(changes.filter(isService), told, report);
}

/**
 * Removes the service file. If an sshd may still ask for it, what stays of it is what /etc/pam.d/sshd says, without afkill's line.
 * `told`: the reload after the drop-in was removed; `undefined` if it failed. Does not throw: a file that stays harms nobody.
 */
export function removeService(
  changes: readonly Change[],
  told: Reload | undefined,
  report: (line: string) => void,
): void {
  if (changes.length === 0) return;
  try {
    const why = told === undefined ? "sshd was not reloaded" : whyStillUsed(told, report);
    carryOutAll(why === undefined ? changes : [leftService()], () => undefined, report);
    if (why !== undefined) report(`keep ${OWN_SERVICE_FILE} (${why}): remove it after sshd was restarted`);
  } catch (error) {
    report(`keep ${OWN_SERVICE_FILE} (${error instanceof SetupError ? error.wrong : reasonOf(error)})`);
  }
}

function leftService(): Change {
  return file(OWN_SERVICE_FILE, 0o644, Buffer.from(SERVICE_LEFT));
}

/** Why an sshd may still ask for the service, although the drop-in is gone; `undefined` if none can. */
function whyStillUsed({ line, listener }: Reload, report: (line: string) => void): string | undefined {
  if (settings().get("pamservicename") === OWN_SERVICE) return "sshd's configuration still names it";
  const other = listenersWithPam().find(({ pid }) => pid !== listener);
  if (other !== undefined) return `sshd ${other.pid} may still use it (${line})`;
  return waitForUnnamed(report) ? undefined : "a connection from before has not logged in yet";
}

/**
 * A connection keeps the configuration that it began with, and asks for its service once its client names a user. sshd ends a connection
 * that has not logged in within LoginGraceTime. Returns whether none is left.
 */
function waitForUnnamed(report: (line: string) => void): boolean {
  const graceS = Number(settings().get("logingracetime")) || DEFAULT_GRACE_S;
  const clock = new Int32Array(new SharedArrayBuffer(4));
  const endMs = performance.now() + (graceS + SLACK_S) * 1000;
  let waiting = unnamedConnections();
  if (waiting.length > 0)
    report(`waiting for connections from before to log in or end: ${waiting.length} (${graceS} s at most)`);
  while (waiting.length > 0 && performance.now() < endMs) {
    Atomics.wait(clock, 0, 0, 100);
    waiting = waiting.filter(isStillUnnamed);
  }
  // The title changes just before the service is asked for.
  Atomics.wait(clock, 0, 0, AFTER_NAME_MS);
  return waiting.length === 0;
}

const DEFAULT_GRACE_S = 120;
const SLACK_S = 5;
const AFTER_NAME_MS = 500;
