// One look at a login: raw counters, as plain data that can be kept in a file. Judging the difference of two looks is pure.

/** What one process had used when it was looked at. */
export interface WorkCounters {
  readonly cpuMs: number;
  /** Bytes it wrote (`wchar`), 0 unless it holds a regular file open for writing. */
  readonly writtenBytes: number;
  /** Bytes that went through its own TCP sockets, both ways. */
  readonly socketBytes: number;
}

/** Counters by process, keyed `pid-startTicks`. */
export type JobCounters = Readonly<Record<string, WorkCounters & { readonly startedBootMs: number }>>;

export interface TerminalLook {
  readonly id: string;
  /** Seconds of the wall clock, in the kernel's 8-second buckets. */
  readonly accessedWallS: number;
  readonly modifiedWallS: number;
  /** Bytes typed and not read, of the terminal and of each one inside it, outermost first. */
  readonly unreadBytes: readonly number[];
  /** The innermost terminal reads whole lines (ICANON): its foreground job does not wait for single keys. */
  readonly canonical: boolean;
  /** The foreground job of the innermost terminal, and the session leader's own and waited-for CPU. */
  readonly job: JobCounters;
}

/** The bytes of the login's own TCP connection. */
export interface ConnectionCounters {
  /** From the client. */
  readonly receivedBytes: number;
  /** To the client. */
  readonly sentBytes: number;
}

export interface Look {
  /** When, on the boot clock. */
  readonly bootMs: number;
  readonly terminals: readonly TerminalLook[];
  /** What runs in the login outside its terminals (commands, subsystems). */
  readonly detached: JobCounters;
  /** Absent where the login has no TCP peer, or the policy does not ask for it. */
  readonly connection?: ConnectionCounters;
}
