/** Names one process for good: a pid alone can be reused. `startTicks` is field 22 of proc_pid_stat(5). */
export interface ProcessRef {
  readonly pid: number;
  readonly startTicks: number;
}

/** What /proc/PID/stat says of a process (proc_pid_stat(5)). */
export interface ProcessStat extends ProcessRef {
  readonly state: string;
  readonly parent: number;
  readonly processGroup: number;
  readonly session: number;
  /** Device number of the controlling terminal, 0 for none. */
  readonly ttyNr: number;
  /** The foreground process group of the controlling terminal, -1 for none. */
  readonly foregroundGroup: number;
  /** CPU that the process used itself. */
  readonly cpuMs: number;
  /** CPU of its children that ended and were waited for. */
  readonly childrenCpuMs: number;
  /** The process's own word: never to be trusted. */
  readonly name: string;
}
