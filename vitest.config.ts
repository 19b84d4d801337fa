import { defineConfig } from "vitest/config";

// End-to-end tests mostly wait for real logins to fall idle, so many run side by side on few cores.
export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.{ts,tsx}"] } },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          pool: "forks",
          maxWorkers: 6,
          maxConcurrency: 20,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
