// The sshds that run on this host: which listen, and which serve a connection that has not named its user yet.
import { readlinkSync, statSync } from "node:fs";
import { basename } from "node:path";
import { allProcesses, commandLineOf, isAlive, type ProcessRef } from "../login/process.ts";
import { uidOf } from "../login/user.ts";
import { optionsOf } from "../sshd/listener.ts";
import { settingsIn } from "../sshd/sshd.ts";
import { run } from "../system/command.ts";

/** A listening sshd. */
export interface Listener extends ProcessRef {
  readonly program: string;
  readonly uid: number | undefined;
  /** Its options that decide what its configuration is. */
  readonly options: readonly string[];
}

/** The listening sshds of root's. Those of a user serve that user only, and their configuration is not to be trusted. */
export function listeners(): Listener[] {
  return allListeners().filter(({ uid }) => uid === 0);
}

/** All listening sshds of this host. */
export function allListeners(): Listener[] {
  const all = allProcesses();
  return [...all.values()].flatMap((stat) => {
    const program = programOf(stat.pid);
    if (program === undefined || basename(program) !== "sshd" || !isOfThisHost(stat.pid)) return [];
    const options = optionsOf(commandLineOf(stat.pid)[0] ?? "");
    // What a listener has just forked has its title for a moment.
    if (options === undefined || basename(programOf(stat.parent) ?? "") === "sshd") return [];
    return [{ pid: stat.pid, startTicks: stat.startTicks, program, uid: uidOf(stat.pid), options }];
  });
}

/** What an sshd reads from its configuration; empty if it does not say. Root runs its program, so only root may have written that. */
export function settingsOf({ program, options }: Listener): ReadonlyMap<string, string> {
  const isSshd = basename(program) === "sshd" && isRootsOwn(program);
  return settingsIn(isSshd ? run(program, ["-T", ...options]).stdout : "");
}

/** The sshds that may use a PAM service. */
export function listenersWithPam(): Listener[] {
  return listeners().filter((it) => settingsOf(it).get("usepam") !== "no");
}

/** Whether a process belongs to this host and not to a container, which has its own pid namespace (pid_namespaces(7)). */
export function isOfThisHost(pid: number): boolean {
  const space = linkOf(`/proc/${pid}/ns/pid`);
  return space !== undefined && space === linkOf("/proc/self/ns/pid");
}

/** The program that a process runs; `undefined` if the process has ended. */
export function programOf(pid: number): string | undefined {
  return linkOf(`/proc/${pid}/exe`);
}

/** Whether only root can have written a program. */
export function isRootsOwn(program: string): boolean {
  const stats = statSync(program, { throwIfNoEntry: false });
  return stats !== undefined && stats.uid === 0 && (stats.mode & 0o022) === 0;
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path).replace(/ \(deleted\)$/, "");
  } catch {
    // The process has ended.
    return undefined;
  }
}

/**
 * Whether the title of a root's sshd that serves a connection shows that the client has not named its user yet: only then sshd opens its
 * PAM service. sshd-session writes `[rexeced]`, `[accepted]`, then `USER [priv]` (sshd-session.c, monitor.c of OpenSSH 9.8 and later).
 * Before that it has the title of the listener or its own command line.
 */
export function isUnnamed(title: string): boolean {
  return (
    !/^sshd(-session)?: /.test(title) ||
    /^sshd(-session)?: (\[(rexeced|accepted)\]|.* \[listener\])/.test(title)
  );
}

/** The connections that have not named their user yet. */
export function unnamedConnections(): ProcessRef[] {
  const listening = new Set(listeners().map(({ pid }) => pid));
  return [...allProcesses().values()].filter(
    ({ pid }) =>
      !listening.has(pid) &&
      /^sshd(-session)?$/.test(basename(programOf(pid) ?? "")) &&
      isOfThisHost(pid) &&
      uidOf(pid) === 0 &&
      isUnnamed(commandLineOf(pid)[0] ?? ""),
  );
}

/** Whether exactly this connection still has not named its user. */
export function isStillUnnamed(connection: ProcessRef): boolean {
  return isAlive(connection) && isUnnamed(commandLineOf(connection.pid)[0] ?? "");
}
