// Counters of a process that has done nothing but what a test says.
import type { WorkCounters } from "../../src/activity/job.ts";

const IDLE: WorkCounters = {
  name: "job",
  parent: 1,
  startedBootMs: 50_000,
  part: "line",
  cpuMs: 0,
  childrenCpuMs: 0,
  writtenBytes: 0,
  writesFile: false,
  writesSocket: false,
  follows: false,
  sockets: {},
  places: {},
};

/** Those of an idle process, but for some. */
export function counters(fields: Partial<WorkCounters> = {}): WorkCounters {
  return { ...IDLE, ...fields };
}
