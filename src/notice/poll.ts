import koffi from "koffi/indirect";

const poll = koffi.load("libc.so.6").func("int poll(_Inout_ uint8_t *fds, unsigned long count, int timeout)");

const POLLOUT = 0x4;

/**
 * Whether a terminal would take bytes now (poll(2), without waiting): not while Ctrl-S holds it, its buffer is full, or another
 * writer is inside a write. False as well when it is gone.
 */
export function isWritable(fd: number): boolean {
  const raw = new Uint8Array(8);
  const request = new DataView(raw.buffer);
  request.setInt32(0, fd, true);
  request.setInt16(4, POLLOUT, true);
  return poll(raw, 1, 0) === 1 && request.getInt16(6, true) === POLLOUT;
}
