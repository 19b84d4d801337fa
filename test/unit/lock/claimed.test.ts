import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isClaimed } from "../../../src/lock/claimed.ts";
import { readClocks } from "../../../src/system/clock.ts";
import { ALICE } from "../../support/hosts.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "claimed-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a login that has just begun gets its watchdog in a moment", async () => {
  const directory = join(folder, "state");
  setTimeout(() => mkdirSync(directory), 250);
  expect(await isClaimed({ ...ALICE, startedBootMs: readClocks().bootMs }, directory)).toBe(true);
});

test("an old login without a watchdog gets none any more", async () => {
  const beganMs = performance.now();
  expect(await isClaimed({ ...ALICE, startedBootMs: 0 }, join(folder, "state"))).toBe(false);
  expect(performance.now() - beganMs).toBeLessThan(1_000);
});
