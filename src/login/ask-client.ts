// The client of an sshd, asked from its own socket: the host's users decide how long a list of all its connections is.
import { closeSync } from "node:fs";
import {
  closePidfd,
  localOf,
  openPidfd,
  type Pidfd,
  peerOf,
  type SocketAddress,
  takeDescriptor,
} from "../system/libc.ts";
import { type Client, descriptorsInTurn, plainAddress, socketAt } from "./client.ts";

/**
 * The peer of the first TCP connection among the descriptors of an sshd; `undefined` if it has none, or we may not ask. Only for sshds: a
 * descriptor of a user's own process can be anything by the time it is taken.
 */
export function askClient(pid: number): Client | undefined {
  let pidfd: Pidfd | undefined;
  try {
    pidfd = openPidfd(pid);
    if (pidfd === undefined) return undefined;
    for (const fd of descriptorsInTurn(pid)) {
      const client = socketAt(pid, fd) === undefined ? undefined : clientAt(pidfd, fd);
      if (client) return client;
    }
  } catch {
    // Not ours to ask.
  } finally {
    if (pidfd !== undefined) closePidfd(pidfd);
  }
  return undefined;
}

function clientAt(pidfd: Pidfd, fd: number): Client | undefined {
  const own = takeDescriptor(pidfd, fd);
  try {
    const [peer, local] = [peerOf(own), localOf(own)];
    if (!peer || !local) return undefined;
    return {
      address: addressOf(peer),
      port: peer.port,
      serverAddress: addressOf(local),
      serverPort: local.port,
    };
  } finally {
    closeSync(own);
  }
}

/** An address as people write it, always in the same spelling. */
export function addressOf({ address }: SocketAddress): string {
  const words = Buffer.from(address).toString("hex").match(/.{4}/g)?.join(":") ?? "";
  return plainAddress(address.length === 4 ? address.join(".") : words);
}
