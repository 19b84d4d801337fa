import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { releasedByChangelog, withCopy } from "../../../src/setup/node-copy.ts";

let directory = "";
let program = "";
let copy = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "afkill-node-copy-"));
  mkdirSync(join(directory, "bin"));
  [program, copy] = [join(directory, "bin/node"), join(directory, "copy")];
  copyFileSync("/bin/sh", program);
});
afterEach(() => rmSync(directory, { recursive: true }));

test("the copy is whole, for everybody to run, and keeps its bytes whatever happens to the file; then it goes", () => {
  const bytes = readFileSync(program);
  chmodSync(program, 0o4700);
  withCopy(program, copy, () => {
    writeFileSync(program, "other");
    expect(readFileSync(copy).equals(bytes)).toBe(true);
    expect(statSync(copy).mode & 0o7777).toBe(0o755);
  });
  expect(existsSync(copy)).toBe(false);
});

test("the copy goes when its trial throws", () => {
  expect(() =>
    withCopy(program, copy, () => {
      throw new Error("no Node");
    }),
  ).toThrow("no Node");
  expect(existsSync(copy)).toBe(false);
});

test("a program of another machine is none", () => {
  const bytes = readFileSync(program);
  bytes.writeUInt16LE(8, 18);
  writeFileSync(program, bytes);
  expect(() => withCopy(program, copy, () => undefined)).toThrow("is not a program for this machine; name");
  expect(existsSync(copy)).toBe(false);
});

test("the changelog beside a Node tells when it was released; what is no such file tells nothing, and holds nobody up", () => {
  const changelog = join(directory, "CHANGELOG.md");
  const asked = () => releasedByChangelog(program, "26.12.1");
  expect(asked()).toBeUndefined();
  execFileSync("mkfifo", [changelog]);
  expect(asked()).toBeUndefined();
  rmSync(changelog);
  mkdirSync(changelog);
  expect(asked()).toBeUndefined();
  rmSync(changelog, { recursive: true });
  writeFileSync(join(directory, "elsewhere"), "## 2026-10-21, Version 26.12.1 (Current), @a\n");
  symlinkSync("elsewhere", changelog);
  expect(asked()).toBeUndefined();
  rmSync(changelog);
  copyFileSync(join(directory, "elsewhere"), changelog);
  expect(asked()).toBe("2026-10-21");
  expect(releasedByChangelog(program, "26.12.2")).toBeUndefined();
});
