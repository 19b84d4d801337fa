// Locks one terminal until its user proves who they are. Started by a check, as root; see src/lock/locker.ts.
//   locker.js    its order comes as JSON on the standard input; it prints one line, `locked` or `failed REASON`, and lives on

import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { runLocker } from "./lock/locker.ts";
import type { LockOrder } from "./lock/order.ts";
import { endAtOnce } from "./system/end-at-once.ts";
import { keepMemorySecret } from "./system/self.ts";
import { reasonOf } from "./text/reason-of.ts";

/** Puts /dev/null in the place of a descriptor: the lowest free one is taken. */
function closeFor(fd: number): void {
  closeSync(fd);
  openSync("/dev/null", "r+");
}

/** Says what became of the lock. The check that waited for it may be gone. */
function tell(line: string): void {
  try {
    writeSync(1, `${line}\n`);
  } catch {
    // Nobody reads it.
  }
  closeFor(1);
}

/** Aborts when this process is told to end, or when something breaks that nobody has foreseen. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => stop.abort(signal));
  for (const event of ["uncaughtException", "unhandledRejection"] as const)
    process.on(event, (error: unknown) => stop.abort(error));
  return stop.signal;
}

/** Nothing of the check's own surroundings is needed, and nothing that is started gets it. */
function forgetSurroundings(): void {
  for (const name of Object.keys(process.env)) delete process.env[name];
  process.env.PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
  process.umask(0o077);
  process.setgid?.(0);
}

async function main(): Promise<number> {
  const signal = stopSignal();
  try {
    forgetSurroundings();
    keepMemorySecret();
    const order = JSON.parse(readFileSync(0, "utf8")) as LockOrder;
    closeFor(0);
    return await runLocker(order, tell, signal);
  } catch (error) {
    tell(`failed ${reasonOf(error)}`);
    return 1;
  }
}

void main().then(endAtOnce);
