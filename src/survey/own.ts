// The login that this program was started from.
import { readFileSync } from "node:fs";
import { parseSshConnection } from "../login/client.ts";
import type { Login } from "../login/login.ts";
import type { ProcessStat } from "../login/process.ts";

/**
 * The logins that may be our own: the one whose sshd is above us (through sudo and su), and the one that SSH_CONNECTION names in
 * the environment of a process above us (in tmux, whose server is below no login). Only used to spare it, so a wrong claim is harmless.
 */
export function ownLogins(logins: readonly Login[], processes: ReadonlyMap<number, ProcessStat>): Set<Login> {
  const above = ancestors(processes);
  const pids = new Set(above);
  const connections = above.flatMap((pid) => parseSshConnection(sshConnectionOf(pid)) ?? []);
  return new Set(
    logins.filter(
      ({ privileged, server, client }) =>
        pids.has(server.pid) ||
        (privileged && pids.has(privileged.pid)) ||
        connections.some((it) => it.port === client?.port && it.address === client.address),
    ),
  );
}

function ancestors(processes: ReadonlyMap<number, ProcessStat>): number[] {
  const found = [process.pid];
  for (let at = processes.get(process.ppid); at && !found.includes(at.pid); at = processes.get(at.parent))
    found.push(at.pid);
  return found;
}

function sshConnectionOf(pid: number): string {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
    return (
      variables.find((text) => text.startsWith("SSH_CONNECTION="))?.slice("SSH_CONNECTION=".length) ?? ""
    );
  } catch {
    return "";
  }
}
