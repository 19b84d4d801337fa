import { spawnSync } from "node:child_process";
import { defineConfig } from "vitest/config";

/** How long a process takes to start and end, in ms: 1 or 2 on most hosts, 10 where page faults are slow, as under some hypervisors. */
function processMs(): number {
  const beganMs = performance.now();
  for (let n = 0; n < 10; n++) spawnSync("/bin/true");
  return (performance.now() - beganMs) / 10;
}
/** Where starting processes is so slow it does not scale either: two files at once take longer than one after the other. */
const SLOW_PROCESS_MS = 5;
const atOnce = processMs() < SLOW_PROCESS_MS ? 2 : 1;

// These tests mostly wait for real logins to fall idle, so many run side by side; but on few cores too many at once make each other late.
const sideBySide = {
  pool: "forks",
  maxWorkers: 2 * atOnce,
  maxConcurrency: 20,
  testTimeout: 400_000,
  hookTimeout: 400_000,
} as const;

const HOST = "test/unit/**/*.host.test.ts";
const MACHINES = "test/cases/machines/**/*.test.ts";
const CROWDS = ["must-end-crowd", "must-end-load", "must-lock-crowd"].map(
  (name) => `test/cases/${name}.test.ts`,
);

/** Cases see logins end on time, so only so many files of them run at a time; what has a lower place runs before what has a higher one. */
const cases = {
  ...sideBySide,
  maxWorkers: atOnce,
  maxConcurrency: 60,
} as const;
const inPlace = (groupOrder: number) => ({ sequence: { groupOrder } });

export default defineConfig({
  test: {
    reporters: ["default", "./test/cases/table.ts"],
    projects: [
      // Milliseconds each, but on a busy machine some take many seconds. What only root can do is skipped for others.
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], exclude: [HOST], testTimeout: 120_000 } },
      // Real programs on real ptys, and files of root's.
      { test: { name: "host", include: [HOST], testTimeout: 120_000 } },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: "./test/lab/prepare-trees.ts",
          ...sideBySide,
        },
      },
      // Machines that packages are installed on: one after the other.
      {
        test: {
          name: "fresh",
          include: ["test/fresh/**/*.test.ts"],
          maxWorkers: 1,
          testTimeout: 1_800_000,
        },
      },
      {
        test: {
          name: "cases",
          include: ["test/cases/**/*.test.ts"],
          exclude: [MACHINES, ...CROWDS],
          globalSetup: "./test/lab/prepare-trees.ts",
          ...cases,
          ...inPlace(1),
        },
      },
      // A machine beside many logins makes both late, and so does a crowd.
      {
        test: {
          name: "cases-machines",
          include: [MACHINES],
          globalSetup: "./test/lab/prepare-images.ts",
          ...cases,
          ...inPlace(2),
        },
      },
      { test: { name: "cases-crowd", include: CROWDS, ...cases, maxWorkers: 1, ...inPlace(3) } },
    ],
  },
});
