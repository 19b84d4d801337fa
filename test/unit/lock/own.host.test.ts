// What `afkill lock` and `afkill unlock` find of their user's own.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { doorNumbers } from "../../../src/lock/doors.ts";
import { mustBeLockable } from "../../../src/lock/lockable.ts";
import { ownTerminal } from "../../../src/lock/own-terminal.ts";

function directoryWith(names: readonly string[]): string {
  const directory = mkdtempSync(join(tmpdir(), "afkill-own-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const name of names) writeFileSync(join(directory, name), "");
  return directory;
}

test("each locked terminal has a socket", () => {
  const directory = directoryWith(["12.sock", "3.sock", "x.sock", "5.sock~", "5"]);
  expect(doorNumbers(directory)).toEqual([3, 12]);
  expect(doorNumbers(join(directory, "none"))).toEqual([]);
});

test("a host without a locker or its PAM service locks nothing, and says which file is missing", () => {
  const directory = directoryWith(["locker.js", "afkill"]);
  const [locker, service, none] = ["locker.js", "afkill", "none"].map((name) => join(directory, name));
  expect(() => mustBeLockable(locker, service)).not.toThrow();
  expect(() => mustBeLockable(none, service)).toThrow(/none is missing/);
  expect(() => mustBeLockable(locker, none)).toThrow(/none is missing.*afkill install/);
});

test("outside a login there is no terminal to lock", async () => {
  await expect(ownTerminal()).rejects.toThrow(/not inside an SSH login/);
});
