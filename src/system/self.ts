// What this process asks of the kernel for itself, where it holds secrets.
import koffi from "koffi/indirect";
import { SystemCallError } from "./libc.ts";

const libc = koffi.load("libc.so.6");
const prctl = libc.func(
  "int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)",
);
const setrlimit = libc.func("int setrlimit(int resource, const uint64_t *limits)");

// linux/prctl.h, asm-generic/resource.h: the same on x86-64 and arm64.
const PR_SET_PDEATHSIG = 1;
const PR_SET_DUMPABLE = 4;
const RLIMIT_CORE = 4;
const SIGKILL = 9;

function mustSucceed(result: number, call: string): void {
  if (result !== 0) throw new SystemCallError(call);
}

/**
 * Keeps the memory of this process to itself: no other user traces it or reads it in /proc (prctl(2), PR_SET_DUMPABLE), and no core file
 * is written of it or of what it starts. Throws `SystemCallError`.
 */
export function keepMemorySecret(): void {
  mustSucceed(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl PR_SET_DUMPABLE");
  mustSucceed(setrlimit(RLIMIT_CORE, new BigUint64Array([0n, 0n])), "setrlimit RLIMIT_CORE");
}

/**
 * Makes the kernel kill this process when the main thread of its parent ends (prctl(2), PR_SET_PDEATHSIG). A parent that ended before this
 * call is not seen. Throws `SystemCallError`.
 */
export function dieWithParent(): void {
  mustSucceed(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "prctl PR_SET_PDEATHSIG");
}
