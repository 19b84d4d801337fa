import type { ProcessRef, ProcessStat } from "./process.ts";

/** A pty that a login opened, or one that a program such as `sudo` or `script` opened inside it. */
export interface Terminal {
  /** Names it for good: device and session leader, such as `pts/3:1234-567890`. */
  readonly id: string;
  /** Its device file, such as `/dev/pts/3`. */
  readonly path: string;
  /** Its device number, to compare after opening: the file at `path` may be another terminal by then. */
  readonly deviceNumber: number;
  readonly leader: ProcessRef;
  /** The foreground process group, and the processes in it or below it that count as the foreground job. */
  readonly foregroundGroup: number;
  readonly foregroundIsLeader: boolean;
  readonly foregroundJob: readonly ProcessStat[];
  /** The terminal that the foreground job opened inside this one, if any. */
  readonly inner: Terminal | undefined;
}
