// Sockets that Node does not offer, such as netlink and datagrams of unix: the few calls, each as a plain function. None of them waits.
import koffi from "koffi/indirect";
import { libc, mustSucceed, SystemCallError } from "./libc.ts";

const socket = libc.func("int socket(int family, int type, int protocol)");
const connect = libc.func("int connect(int fd, const uint8_t *address, uint32_t size)");
const send = libc.func("long send(int fd, const void *bytes, unsigned long count, int flags)");
const recv = libc.func("long recv(int fd, void *bytes, unsigned long count, int flags)");

// bits/socket.h; the same on x86-64 and arm64.
export const AF_UNIX = 1;
export const AF_NETLINK = 16;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** Opens a socket (socket(2)); the caller closes it. Throws `SystemCallError`. */
export function openSocket(family: number, type: number, protocol = 0): number {
  return mustSucceed(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol), "socket");
}

/** Connects a socket to an address, which has the form of its family (connect(2)). Throws `SystemCallError`; EAGAIN if it would wait. */
export function connectSocket(fd: number, address: Uint8Array): void {
  mustSucceed(connect(fd, address, address.length), "connect");
}

/** Sends bytes; returns how many were taken, 0 if the call would wait. Throws `SystemCallError`. */
export function sendNow(fd: number, bytes: Uint8Array): number {
  return orNothing(Number(send(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL)), "send") ?? 0;
}

/** Sends bytes in another thread. A system call there can hang without this process hanging. Returns whether all of them were taken. */
export function sendAside(fd: number, bytes: Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    send.async(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, (error: unknown, count: number) => {
      if (error) reject(error);
      else resolve(Number(count) === bytes.length);
    });
  });
}

/** Receives what waits; `undefined` if nothing does. Of a longer datagram only the beginning. Throws `SystemCallError`. */
export function receive(fd: number, into: Uint8Array): Uint8Array | undefined {
  const count = orNothing(Number(recv(fd, into, into.length, MSG_DONTWAIT)), "recv");
  return count === undefined ? undefined : into.subarray(0, count);
}

/** The result of a call that may not wait; `undefined` if it would have to. */
function orNothing(result: number, call: string): number | undefined {
  if (result >= 0) return result;
  const { EAGAIN } = koffi.os.errno;
  if (koffi.errno() === EAGAIN) return undefined;
  throw new SystemCallError(call);
}
