// The sshd of this host: asks it how it reads its configuration, and makes it read the configuration again.
import { existsSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { SetupError } from "../change/setup-error.ts";
import { type Ran, run, said } from "../system/command.ts";
import { makeDirectory } from "../system/make-file.ts";
import { SSHD_CONFIG } from "../system/paths.ts";
import { optionsOf } from "./listener.ts";

const SSHD = "/usr/sbin/sshd";

/** Whether anybody can log in to this host by SSH. */
export function hasSshd(): boolean {
  return existsSync(SSHD);
}

/** Throws a `SetupError` if nobody can log in to this host by SSH. */
export function mustHaveSshd(): void {
  if (!hasSshd())
    throw new SetupError(
      `there is no ${SSHD}`,
      "install the SSH server first (Debian: apt install openssh-server)",
    );
  if (!existsSync(SSHD_CONFIG))
    throw new SetupError(`there is no ${SSHD_CONFIG}`, "set the SSH server up first, then run this again");
}

/**
 * Runs sshd in a test mode. Even then sshd needs the empty directory of its unprivileged child. If sshd is not running, its service has
 * not created it yet. Once created, the directory stays: an sshd that has started meanwhile refuses every login without it.
 */
function testMode(flag: "-t" | "-T", options: readonly string[]): Ran {
  const args = [flag, ...options];
  const ran = run(SSHD, args);
  const missing = /Missing privilege separation directory: (\/(?:var\/)?run\/[\w-]+)\s/.exec(
    `${ran.stderr} `,
  )?.[1];
  if (missing === undefined) return ran;
  makeDirectory(missing, 0o755);
  return run(SSHD, args);
}

/**
 * The error of `sshd -t` for the configuration; `undefined` if it is good. `instead`: settings, as `Keyword=value`, that override those
 * of the configuration.
 */
export function complaint(instead: readonly string[] = []): string | undefined {
  return complaintOf(instead.flatMap(asOption));
}

/** The same for an sshd that was started with these options. */
function complaintOf(options: readonly string[]): string | undefined {
  const ran = testMode("-t", options);
  return ran.status === 0 ? undefined : `sshd -t: ${said(ran)}`;
}

/** The settings outside of every Match, by keyword in lower case (`sshd -T`). `instead` as for `complaint`. Throws a `SetupError`. */
export function settings(instead: readonly string[] = []): ReadonlyMap<string, string> {
  const ran = testMode("-T", instead.flatMap(asOption));
  if (ran.status !== 0)
    throw new SetupError(
      `sshd does not accept its configuration (sshd -T: ${said(ran)})`,
      "correct it and run this again",
    );
  return settingsIn(ran.stdout);
}

function asOption(setting: string): string[] {
  return ["-o", setting];
}

const YES_OR_NO: Readonly<Record<string, string>> = { true: "yes", false: "no" };

/**
 * The output of `sshd -T`, by keyword in lower case. OpenSSH 10.5 and later print `UsePAM yes` and `TCPKeepAlive true`, earlier ones
 * `usepam yes` and `tcpkeepalive yes`.
 */
export function settingsIn(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split("\n").map((line) => {
      const blank = line.indexOf(" ");
      const keyword = (blank < 0 ? line : line.slice(0, blank)).toLowerCase();
      const value = blank < 0 ? "" : line.slice(blank + 1);
      return [keyword, keyword === "tcpkeepalive" ? (YES_OR_NO[value] ?? value) : value];
    }),
  );
}

/** What a reload did. */
export interface Reload {
  /** One line for the reader. */
  readonly line: string;
  /** The sshd of the pid file, if it has read its configuration again and listens. */
  readonly listener: number | undefined;
}

/** Like `reload`. Returns only the line. */
export function reloadSshd(pidFile: string): string {
  return reload(pidFile).line;
}

/**
 * Makes a running sshd read its configuration again; established logins stay. A configuration that sshd refuses would end it and lock
 * everybody out, so then sshd is left alone. Throws if a running sshd cannot be told.
 */
export function reload(pidFile: string): Reload {
  const listener = listenerOf(pidFile);
  const wrong = complaint() ?? complaintOf(listener?.options ?? []);
  if (wrong !== undefined)
    return {
      line: `sshd was not reloaded, because it would end (${wrong}): correct that and reload sshd`,
      listener: undefined,
    };
  const before = changedMs(pidFile);
  if (existsSync("/run/systemd/system")) {
    for (const unit of ["ssh.service", "sshd.service"]) {
      if (run("/usr/bin/systemctl", ["is-active", "--quiet", unit]).status !== 0) continue;
      const ran = run("/usr/bin/systemctl", ["reload", unit]);
      if (ran.status !== 0) throw new Error(`systemctl reload ${unit}: ${said(ran)}`);
      // The unit has only sent a signal.
      if (listener !== undefined) waitForListener(pidFile, before);
      return { line: `reload ${unit}`, listener: listener && listenerOf(pidFile)?.pid };
    }
  }
  if (listener === undefined)
    return {
      line: "no running sshd found to reload; it takes effect when sshd starts",
      listener: undefined,
    };
  process.kill(listener.pid, "SIGHUP");
  waitForListener(pidFile, before);
  return { line: `reload sshd (SIGHUP to process ${listener.pid})`, listener: listenerOf(pidFile)?.pid };
}

/**
 * The listening sshd and its options: an sshd other than the host's usual one may write the same file. A stale file may name a login's
 * sshd, and a signal would end that login. The process title tells them apart.
 */
function listenerOf(pidFile: string): { pid: number; options: readonly string[] } | undefined {
  // `none` is no path. As a relative path it would mean a file in our working directory, where a user may have put anything.
  if (!isAbsolute(pidFile)) return undefined;
  try {
    const pid = Number(readFileSync(pidFile, "utf8"));
    const isSshd = readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, "") === SSHD;
    const options = optionsOf(readFileSync(`/proc/${pid}/cmdline`, "latin1"));
    return isSshd && options !== undefined ? { pid, options } : undefined;
  } catch {
    return undefined;
  }
}

/** After SIGHUP sshd removes its pid file, restarts, and writes the file again once it listens. */
function waitForListener(pidFile: string, beforeMs: number | undefined): void {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (let tries = 0; tries < 200; tries++) {
    Atomics.wait(clock, 0, 0, 50);
    if (changedMs(pidFile) !== beforeMs && listenerOf(pidFile) !== undefined) return;
  }
  throw new Error(`sshd did not start listening again within 10 s of a reload (${pidFile})`);
}

function changedMs(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

/** Throws if sshd does not accept its configuration. */
export function mustBeGood(): void {
  const after = complaint();
  if (after !== undefined) throw new Error(`sshd would not accept the change (${after})`);
}
