// Bytes through TCP sockets of a login's programs, asked of the sockets themselves: no list of all sockets of the host, whose length
// others decide, and no network namespace but that of the socket.
import { closeSync } from "node:fs";
import { closePidfd, openPidfd, type Pidfd, takeDescriptor, tcpCounters } from "../libc.ts";
import type { IsOver } from "../login/budget.ts";
import { descriptorsIn } from "../login/descriptors.ts";
import type { Held } from "./held.ts";

/** Bytes through a socket, both ways. */
export interface SocketBytes {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** A process's sockets are looked for among so many descriptors. */
const MOST_DESCRIPTORS = 128;

/**
 * The bytes through the TCP sockets that processes hold, by inode. What is gone, is no TCP connection, or is not reached while there is
 * time is left out. Needs root. A descriptor of ours can be a socket's last one, when its program closes it just then: then closing it
 * can wait for what the program left in it (socket(7), SO_LINGER), which the limit of a whole check bounds.
 */
export function bytesOfSockets(held: ReadonlyMap<number, Held>, isOver: IsOver): Map<string, SocketBytes> {
  const found = new Map<string, SocketBytes>();
  for (const [pid, { sockets }] of held) {
    if (isOver()) break;
    const wanted = new Set(sockets.filter((inode) => !found.has(inode)));
    if (wanted.size > 0) addBytesOf(pid, wanted, found, isOver);
  }
  return found;
}

function addBytesOf(
  pid: number,
  wanted: ReadonlySet<string>,
  found: Map<string, SocketBytes>,
  isOver: IsOver,
): void {
  const pidfd = openPidfd(pid);
  if (pidfd === undefined) return;
  try {
    for (const { fd, target } of descriptorsIn(pid, MOST_DESCRIPTORS, isOver)) {
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      const bytes = inode !== undefined && wanted.has(inode) ? bytesOfOne(pidfd, fd) : undefined;
      if (inode !== undefined && bytes) found.set(inode, bytes);
    }
  } finally {
    closePidfd(pidfd);
  }
}

function bytesOfOne(pidfd: Pidfd, fd: number): SocketBytes | undefined {
  try {
    const own = takeDescriptor(pidfd, fd);
    try {
      const counters = tcpCounters(own);
      if (!counters || counters.isListening) return undefined;
      return { receivedBytes: counters.receivedBytes, sentBytes: counters.writtenBytes };
    } finally {
      closeSync(own);
    }
  } catch {
    return undefined;
  }
}
