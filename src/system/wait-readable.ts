// Waits for what is typed at a terminal, without a timer that wakes this process again and again.
import koffi from "koffi/indirect";

const libc = koffi.load("libc.so.6");
const poll = libc.func("int poll(_Inout_ uint8_t *fds, unsigned long count, int timeout)");

// asm-generic/poll.h; the same on x86-64 and arm64.
const POLLIN = 0x1;
const POLLERR = 0x8;
const POLLHUP = 0x10;
const POLLNVAL = 0x20;

/** What a descriptor has for us: bytes to read, nothing yet, or nothing ever again. */
export type Arrival = "bytes" | "nothing" | "gone";

/** Waits for at most `withinMs`, in a thread of its own (poll(2)): this process does other things meanwhile. */
export function waitReadable(fd: number, withinMs: number): Promise<Arrival> {
  const raw = new Uint8Array(8);
  const request = new DataView(raw.buffer);
  request.setInt32(0, fd, true);
  request.setInt16(4, POLLIN, true);
  const { promise, resolve, reject } = Promise.withResolvers<Arrival>();
  poll.async(raw, 1, withinMs, (error: unknown, ready: number) => {
    if (error) reject(error);
    else resolve(ready > 0 ? arrivalOf(request.getInt16(6, true)) : "nothing");
  });
  return promise;
}

/** A terminal whose line has dropped shows both: what it still has to read is its end. */
function arrivalOf(events: number): Arrival {
  if ((events & (POLLERR | POLLHUP | POLLNVAL)) !== 0) return "gone";
  return (events & POLLIN) === 0 ? "nothing" : "bytes";
}
