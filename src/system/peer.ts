// Who is at the other end of a Unix socket: the kernel tells, the peer cannot.
import koffi from "koffi/indirect";
import { SystemCallError } from "./libc.ts";

const libc = koffi.load("libc.so.6");
const getsockopt = libc.func(
  "int getsockopt(int fd, int level, int option, _Out_ uint8_t *value, _Inout_ uint32_t *size)",
);

// asm-generic/socket.h; the same on x86-64 and arm64.
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** A `struct ucred`: pid, uid and gid, of 32 bits each. */
const UCRED_BYTES = 12;

/** The process that connected. `uid`: its effective uid at that time. `pid`: 0 if it is in no pid namespace of ours. */
export interface Peer {
  readonly pid: number;
  readonly uid: number;
}

/** The process that connected to a Unix socket (unix(7), SO_PEERCRED). It may have ended since. Throws `SystemCallError`. */
export function peerOfSocket(fd: number): Peer {
  const raw = new Uint8Array(UCRED_BYTES);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, raw, [raw.length]) !== 0)
    throw new SystemCallError("getsockopt SO_PEERCRED");
  const words = new DataView(raw.buffer);
  return { pid: words.getInt32(0, true), uid: words.getUint32(4, true) };
}
