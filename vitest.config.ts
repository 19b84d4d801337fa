import { defineConfig } from "vitest/config";

// These tests mostly wait for real logins to fall idle, so many run side by side; but on few cores too many at once make each other late.
const sideBySide = {
  pool: "forks",
  maxWorkers: 4,
  maxConcurrency: 20,
  testTimeout: 180_000,
  hookTimeout: 180_000,
} as const;

/** Where forks do not scale, a whole machine or a crowd beside another test makes both late: these have the host to themselves. */
const ALONE = "test/cases/alone/**/*.test.ts";

export default defineConfig({
  test: {
    reporters: ["default", "./test/cases/table.ts"],
    projects: [
      // Milliseconds each, but on a busy machine some take many seconds.
      { test: { name: "unit", include: ["test/unit/**/*.test.{ts,tsx}"], testTimeout: 120_000 } },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: "./test/lab/prepare-trees.ts",
          ...sideBySide,
        },
      },
      {
        test: {
          name: "cases",
          include: ["test/cases/**/*.test.ts"],
          exclude: [ALONE],
          globalSetup: "./test/lab/prepare-trees.ts",
          ...sideBySide,
          maxWorkers: 2,
          maxConcurrency: 60,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "cases-alone",
          include: [ALONE],
          globalSetup: "./test/lab/prepare-images.ts",
          ...sideBySide,
          maxWorkers: 1,
          maxConcurrency: 60,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
