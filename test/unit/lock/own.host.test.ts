// What `afkill lock` and `afkill unlock` find of their user's own.
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { mustBeLockable } from "../../../src/lock/lockable.ts";
import { ownDoors } from "../../../src/lock/own-doors.ts";
import { ownTerminal } from "../../../src/lock/own-terminal.ts";
import { testAsRoot } from "../../support/root.ts";

function directoryWith(names: readonly string[]): string {
  const directory = mkdtempSync(join(tmpdir(), "afkill-own-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const name of names) writeFileSync(join(directory, name), "");
  return directory;
}

testAsRoot("a user's locked terminals are those whose sockets are theirs", () => {
  const directory = directoryWith(["12.sock", "3.sock", "4.sock", "x.sock", "5.sock~", "5"]);
  for (const name of ["12.sock", "3.sock", "x.sock", "5"]) chownSync(join(directory, name), 65534, -1);
  expect(ownDoors(directory, 65534)).toEqual([3, 12]);
  expect(ownDoors(join(directory, "none"), 65534)).toEqual([]);
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
