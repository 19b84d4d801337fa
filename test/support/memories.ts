// A memory in which everything that can be remembered is.
import type { Memory } from "../../src/guard/memory.ts";
import { DEFAULT_LIMITS } from "../../src/policy/merge.ts";

const answer = {
  rule: "top level",
  exempt: false,
  limits: {
    ...DEFAULT_LIMITS,
    idleTimeoutMs: 20_000,
    warnBeforeMs: [10_000],
    activity: ["input", "busy"],
    busyMaxMs: Number.POSITIVE_INFINITY,
    maxStayMs: 7_200_000,
    mouseMotion: false,
    trustTtyTimes: false,
    atLimit: "lock",
    lockMaxMs: Number.POSITIVE_INFINITY,
    lockTries: 3,
  },
} as const;
const exempt = { ...answer, exempt: true, exemptMaxLoginMs: 43_200_000 };

export const FULL_MEMORY: Memory = {
  version: 1,
  history: [
    { kind: "start", bootS: 1, wallS: 2 },
    { kind: "gap", fromBootS: 10, toBootS: 20 },
  ],
  child: { pid: 12, startTicks: 3456 },
  subjects: {
    "pts/1:12-3456": {
      lastActivity: { source: "busy", atMs: 5000, detail: "CPU 34 %" },
      baseline: {
        bootMs: 5000,
        job: {
          "13-3460": {
            name: "make",
            parent: 12,
            startedBootMs: 34_600,
            cpuMs: 10,
            childrenCpuMs: 0,
            writtenBytes: 0,
            part: "helper",
            writesFile: false,
            writesSocket: true,
            follows: true,
            sockets: { "4711": 7 },
            places: { "3:8.1:77": { position: 5, readsOnly: true, isDirectory: false, isAtEnd: false } },
            threads: { "12": [3, 4, 5] },
            mappedBytes: 8192,
            storageWait: 9,
          },
        },
        connection: { receivedBytes: 100, sentBytes: 200 },
      },
      input: { accessedWallS: 1_700_000_000, unreadBytes: [0, 2], atMs: 4000, payloadBytes: -2900 },
      output: { modifiedWallS: 1_700_000_008, atMs: 4500 },
    },
  },
  standing: { "pts/1:12-3456": { sinceMs: 6000, promisedMs: 16_000, givenMs: [10_000], isAside: true } },
  kind: "shell",
  locked: ["pts/3"],
  notLocked: ["pts/4"],
  lastGood: {
    ...answer,
    ofKind: { shell: answer, sftp: exempt, command: exempt, tunnel: { ...answer, rule: "rule 1" } },
  },
  complaint: "no ss",
};
