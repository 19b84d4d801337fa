import { createHash } from "node:crypto";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import koffi from "koffi";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Change, isDue } from "../../../src/change/change.ts";
import { carryOutAll } from "../../../src/change/transaction.ts";
import { testAsRoot } from "../../support/root.ts";

const libc = koffi.load("libc.so.6");
const setxattr = libc.func(
  "int setxattr(const char *path, const char *name, const uint8_t *value, unsigned long size, int flags)",
);
const getxattr = libc.func(
  "long getxattr(const char *path, const char *name, _Out_ uint8_t *value, unsigned long size)",
);
const ACL = "system.posix_acl_access";
const NOBODY = 0xffffffff;
const digest = (text: string) => createHash("sha256").update(text).digest("hex");

const me = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "afkill-setup-"));
  writeFileSync(join(root, "old"), "old text\n");
  chmodSync(join(root, "old"), 0o640);
  utimesSync(join(root, "old"), 1000, 1000);
  mkdirSync(join(root, "tree/in"), { recursive: true });
  writeFileSync(join(root, "tree/in/deep"), "deep");
});
afterEach(() => rmSync(root, { recursive: true }));

/** Everything below the root: kind and mode, inode and time of files, content. */
function state(): unknown {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => {
      const { mode, mtimeMs, ino } = lstatSync(path);
      const isFile = lstatSync(path).isFile();
      return isFile ? [path, mode, ino, mtimeMs, readFileSync(path, "utf8")] : [path, mode];
    });
}

const file = (name: string, text: string, mode = 0o644): Change => ({
  path: join(root, name),
  wanted: { ...me, kind: "file", mode, content: Buffer.from(text) },
});
/** Somebody else's file with a change of ours, made from a text with this digest. */
const remade = (name: string, text: string, madeFrom: string, mode: number): Change => ({
  path: join(root, name),
  wanted: { ...me, kind: "file", mode, content: Buffer.from(text), madeFrom },
});
const changes = (): Change[] => [
  { path: join(root, "new"), wanted: { ...me, kind: "directory", mode: 0o755 } },
  file("new/file", "new text", 0o2710),
  file("old", "changed\n"),
  {
    path: join(root, "new/copy"),
    wanted: { ...me, kind: "file", mode: 0o600, content: { copyOf: join(root, "old") } },
  },
  { path: join(root, "tree"), wanted: { kind: "absent" } },
];

testAsRoot("all changes are made, reported, and leave nothing else behind", () => {
  const lines: string[] = [];
  carryOutAll(
    changes(),
    () => undefined,
    (line) => lines.push(line.replaceAll(root, "")),
  );
  expect(lines).toEqual([
    "create /new",
    "create /new/file",
    "change /old",
    "create /new/copy",
    "remove /tree",
  ]);
  expect(readdirSync(root, { recursive: true }).sort()).toEqual(["new", "new/copy", "new/file", "old"]);
  expect(readFileSync(join(root, "new/copy"), "utf8")).toBe("changed\n");
  expect(lstatSync(join(root, "new/file")).mode & 0o7777).toBe(0o2710);
  expect(changes().map(isDue)).toEqual([false, false, false, false, false]);
});

test("when the look at the end fails, everything is the very same as before", () => {
  const before = state();
  const fail = () => {
    throw new Error("it does not work");
  };
  expect(() => carryOutAll(changes(), fail, () => undefined)).toThrow(
    "it does not work; everything was put back as it was",
  );
  expect(state()).toEqual(before);
});

test.each([0, 1, 2, 3, 4, 5])(
  "when a step fails after %i others, everything is the very same as before",
  (steps) => {
    const before = state();
    const broken = file("no/such/directory/file", "");
    const verify = () => expect.unreachable();
    const planned = [...changes().slice(0, steps), broken, ...changes().slice(steps)];
    expect(() => carryOutAll(planned, verify, () => undefined)).toThrow(
      /ENOENT.*; everything was put back as it was/,
    );
    expect(state()).toEqual(before);
  },
);

test("a file that was changed since it was planned is left as somebody else wrote it", () => {
  const planned = (text: string) => remade("old", "ours", digest(text), 0o640);
  const before = state();
  expect(() =>
    carryOutAll(
      [planned("older text\n")],
      () => undefined,
      () => undefined,
    ),
  ).toThrow(/old was changed by somebody else meanwhile: run this again; everything was put back as it was/);
  expect(state()).toEqual(before);
  carryOutAll(
    [planned("old text\n")],
    () => undefined,
    () => undefined,
  );
  expect(readFileSync(join(root, "old"), "utf8")).toBe("ours");
});

test("a file that is replaced keeps its access list: the mask is not given to its group", ({ skip }) => {
  const path = join(root, "old");
  // acl(5): user::rw-, user:1:rw-, group::---, mask::rw-, other::---
  const entries = [
    [1, 6, NOBODY],
    [2, 6, 1],
    [4, 0, NOBODY],
    [16, 6, NOBODY],
    [32, 0, NOBODY],
  ];
  const list = Buffer.alloc(4 + 8 * entries.length);
  list.writeUInt32LE(2);
  for (const [at, [tag = 0, bits = 0, id = 0]] of entries.entries()) {
    list.writeUInt16LE(tag, 4 + 8 * at);
    list.writeUInt16LE(bits, 6 + 8 * at);
    list.writeUInt32LE(id, 8 + 8 * at);
  }
  skip(setxattr(path, ACL, list, list.length, 0) !== 0, "no access lists on this file system");
  expect(lstatSync(path).mode & 0o7777).toBe(0o660);
  carryOutAll(
    [remade("old", "changed\n", digest("old text\n"), 0o660)],
    () => undefined,
    () => undefined,
  );
  const kept = Buffer.alloc(256);
  expect(kept.subarray(0, Number(getxattr(path, ACL, kept, kept.length)))).toEqual(list);
  expect(readFileSync(path, "utf8")).toBe("changed\n");
  expect(lstatSync(path).mtimeMs).toBeGreaterThan(2_000_000);
});

test("a directory that is to go when empty stays for what somebody has put there", () => {
  const emptied: Change = { path: join(root, "tree/in"), wanted: { kind: "emptied" } };
  carryOutAll(
    [emptied],
    () => undefined,
    () => undefined,
  );
  expect(readdirSync(join(root, "tree"))).toEqual(["in"]);
  const removal: Change = { path: join(root, "tree/in/deep"), wanted: { kind: "absent" } };
  carryOutAll(
    [removal, emptied],
    () => undefined,
    () => undefined,
  );
  expect(readdirSync(join(root, "tree"))).toEqual([]);
});

test("what is not a file or directory of ours is not touched", () => {
  symlinkSync("/nowhere", join(root, "link"));
  expect(() => isDue(file("link", ""))).toThrow("link is not a regular file; move it to another place");
  chmodSync(join(root, "tree"), 0o777);
  const directory: Change = { path: join(root, "tree"), wanted: { ...me, kind: "directory", mode: 0o755 } };
  expect(() => isDue(directory)).toThrow("can be written to by users other than root; chown root");
  expect(() => isDue({ ...directory, path: join(root, "old") })).toThrow("is not a directory");
});
