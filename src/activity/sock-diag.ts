// What the kernel says of TCP sockets, in the messages of sock_diag(7) (linux/inet_diag.h). Pure.
import type { SocketAddress } from "../system/libc.ts";

/** A TCP socket as the kernel lists it. */
export interface ListedSocket {
  readonly inode: string;
  readonly local: SocketAddress;
  readonly peer: SocketAddress;
  /** The bytes by which the kernel finds it again: its family, and its `struct inet_diag_sockid`. */
  readonly family: number;
  readonly id: Uint8Array;
}

/** Bytes through a TCP connection since it began. */
export interface SocketBytes {
  /** Bytes from the other end that the kernel has taken. */
  readonly receivedBytes: number;
  /** Bytes that the other end has acknowledged. */
  readonly sentBytes: number;
}

/** A message of netlink(7). Its body is a part of the bytes that it came in. */
export interface Message {
  readonly type: number;
  readonly sequence: number;
  readonly body: Buffer;
}

// linux/netlink.h
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
const NLM_F_REQUEST = 0x1;
const NLM_F_DUMP = 0x300;
const HEADER_BYTES = 16;

// linux/sock_diag.h, linux/inet_diag.h
export const SOCK_DIAG_BY_FAMILY = 20;
const REQUEST_BYTES = 56;
const ID_BYTES = 48;
const ANSWER_BYTES = 72;
const INET_DIAG_INFO = 2;
const IPPROTO_TCP = 6;
const AF_INET = 2;

/** Connections and those that begin or end (net/tcp_states.h), as ss(8) shows: no listeners, and none that only wait to be forgotten. */
const STATES = [1, 2, 4, 5, 8, 9, 11].reduce((states, state) => states | (1 << state), 0);

/** Where the counters are in `struct tcp_info` (linux/tcp.h), which grows only at its end. */
const ACKED_AT = 120;
const RECEIVED_AT = 128;

/** Asks for a list of the TCP sockets of one family, without what they have moved. With `ports`, only those between them. */
export function listRequest(
  family: number,
  sequence: number,
  ports?: { readonly local: number; readonly peer: number },
): Buffer {
  const request = requestFor(family, sequence, NLM_F_REQUEST | NLM_F_DUMP);
  request.writeUInt32LE(STATES, HEADER_BYTES + 4);
  request.writeUInt16BE(ports?.local ?? 0, HEADER_BYTES + 8);
  request.writeUInt16BE(ports?.peer ?? 0, HEADER_BYTES + 10);
  return request;
}

/** Asks what one socket has moved. The kernel then waits until no call of its program holds it, which a user can draw out. */
export function bytesRequest({ family, id }: ListedSocket, sequence: number): Buffer {
  const request = requestFor(family, sequence, NLM_F_REQUEST);
  request.writeUInt8(1 << (INET_DIAG_INFO - 1), HEADER_BYTES + 2);
  request.writeUInt32LE(STATES, HEADER_BYTES + 4);
  request.set(id, HEADER_BYTES + 8);
  return request;
}

function requestFor(family: number, sequence: number, flags: number): Buffer {
  const request = Buffer.alloc(HEADER_BYTES + REQUEST_BYTES);
  request.writeUInt32LE(request.length, 0);
  request.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4);
  request.writeUInt16LE(flags, 6);
  request.writeUInt32LE(sequence, 8);
  request.writeUInt8(family, HEADER_BYTES);
  request.writeUInt8(IPPROTO_TCP, HEADER_BYTES + 1);
  return request;
}

/** The messages in what one recv(2) gave. Throws if it has another form. */
export function* messagesIn(bytes: Uint8Array): Generator<Message> {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < all.length; ) {
    const length = at + HEADER_BYTES <= all.length ? all.readUInt32LE(at) : 0;
    if (length < HEADER_BYTES || at + length > all.length)
      throw new Error(`expected a message of sock_diag, got ${all.length - at} other bytes`);
    yield {
      type: all.readUInt16LE(at + 4),
      sequence: all.readUInt32LE(at + 8),
      body: all.subarray(at + HEADER_BYTES, at + length),
    };
    at += aligned(length);
  }
}

/** The error number of a message that tells of an error or of the end; 0 for none. */
export function errorIn({ body }: Message): number {
  return body.length >= 4 ? -body.readInt32LE(0) : 0;
}

/** The socket in a message. Throws if it has another form. */
export function socketIn({ body }: Message): ListedSocket {
  if (body.length < ANSWER_BYTES) throw new Error(`expected a socket of sock_diag, got ${body.length} bytes`);
  const family = body.readUInt8(0);
  const addressBytes = family === AF_INET ? 4 : 16;
  // The next message comes into the same memory.
  const id = Uint8Array.from(body.subarray(4, 4 + ID_BYTES));
  return {
    inode: String(body.readUInt32LE(68)),
    local: { address: id.subarray(4, 4 + addressBytes), port: body.readUInt16BE(4) },
    peer: { address: id.subarray(20, 20 + addressBytes), port: body.readUInt16BE(6) },
    family,
    id,
  };
}

/** What a socket has moved; `undefined` if the kernel does not tell. */
export function bytesIn({ body }: Message): SocketBytes | undefined {
  for (let at = ANSWER_BYTES; at + 4 <= body.length; ) {
    const length = body.readUInt16LE(at);
    if (length < 4 || at + length > body.length) return undefined;
    if (body.readUInt16LE(at + 2) === INET_DIAG_INFO) return countersIn(body.subarray(at + 4, at + length));
    at += aligned(length);
  }
  return undefined;
}

function countersIn(info: Buffer): SocketBytes | undefined {
  if (info.length < RECEIVED_AT + 8) return undefined;
  return {
    receivedBytes: Number(info.readBigUInt64LE(RECEIVED_AT)),
    sentBytes: Number(info.readBigUInt64LE(ACKED_AT)),
  };
}

/** Each message, and each part of one, begins at a multiple of four. */
function aligned(length: number): number {
  return (length + 3) & ~3;
}
