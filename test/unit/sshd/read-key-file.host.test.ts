// Files of keys lie where users decide what is there. These run as root.
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { isRoots, type Reader, readKeyFile } from "../../../src/sshd/read-key-file.ts";

// Calls pass; what was opened for more than to look is told.
const opened = vi.hoisted((): string[] => []);
vi.mock("node:fs", async (importOriginal) => {
  const original = await importOriginal<typeof import("node:fs")>();
  const spied = (path: string, flags: number, ...rest: []) => {
    if ((flags & 0o10000000) === 0) opened.push(String(path));
    return original.openSync(path, flags, ...rest);
  };
  return { ...original, openSync: spied };
});

const NOBODY: Reader = { uid: 65534, gid: 65534, groups: false };
const asNobody = () => NOBODY;
const asRoot = () => {
  throw new Error("read as root");
};

let home = "";
let keys = "";
beforeEach(() => {
  // Not below a directory that everybody may write to.
  home = mkdtempSync("/var/lib/afkill-keys-");
  chmodSync(home, 0o755);
  keys = join(home, "authorized_keys");
  opened.splice(0);
});
afterEach(() => rmSync(home, { recursive: true }));

const give = (path: string) => chownSync(path, NOBODY.uid, NOBODY.gid);

test("a file of a user's is read as that user", () => {
  give(home);
  writeFileSync(keys, "ssh-ed25519 AAAA\n", { mode: 0o600 });
  // Root's, in a directory of the user's: they may not read it, and sshd as them neither.
  expect(readKeyFile(keys, asNobody)).toBeUndefined();
  give(keys);
  expect(readKeyFile(keys, asNobody)).toEqual({ text: "ssh-ed25519 AAAA\n" });
  expect(opened).toEqual([]);
});

test("a link is followed, as sshd does, but never to what the user may not read", () => {
  give(home);
  const [secret, own] = [join(home, "secret"), join(home, "own")];
  writeFileSync(secret, "secret", { mode: 0o600 });
  writeFileSync(own, "own", { mode: 0o600 });
  give(own);
  symlinkSync(secret, keys);
  expect(readKeyFile(keys, asNobody)).toBeUndefined();
  rmSync(keys);
  symlinkSync(own, keys);
  expect(readKeyFile(keys, asNobody)).toEqual({ text: "own" });
});

test("of the user's groups, those count that were asked for", () => {
  give(home);
  writeFileSync(keys, "text", { mode: 0o040 });
  chownSync(keys, 0, 0);
  chmodSync(keys, 0o040);
  expect(readKeyFile(keys, asNobody)).toBeUndefined();
  expect(readKeyFile(keys, () => ({ ...NOBODY, gid: 0 }))).toEqual({ text: "text" });
});

test("a device, a FIFO and a directory are never opened, nor are files of the kernel's", () => {
  give(home);
  const [device, fifo] = [join(home, "device"), join(home, "fifo")];
  // The null device stands for one whose opening does something, such as /dev/watchdog.
  execFileSync("mknod", ["-m", "600", device, "c", "1", "3"]);
  execFileSync("mkfifo", [fifo]);
  for (const target of [device, fifo, home, "/proc/kmsg", "/proc/self/environ"]) {
    symlinkSync(target, keys);
    expect(readKeyFile(keys, asNobody)).toBeUndefined();
    rmSync(keys);
  }
  expect(readKeyFile("/proc/version", asRoot)).toBeUndefined();
  expect(opened).toEqual([]);
});

test("a file that is too large is told of, unread; a hole costs nothing", () => {
  give(home);
  writeFileSync(keys, "");
  give(keys);
  truncateSync(keys, 2 ** 40);
  expect(readKeyFile(keys, asNobody)).toEqual({ fault: "a file of keys too large to be read" });
  truncateSync(keys, 16 * 1024 * 1024);
  expect(readKeyFile(keys, asNobody)).toEqual({ text: "\0".repeat(16 * 1024 * 1024) });
});

test("a file of root's, where root alone decides, is read as root", () => {
  writeFileSync(keys, "root's", { mode: 0o600 });
  expect(isRoots(keys)).toBe(true);
  expect(readKeyFile(keys, asRoot)).toEqual({ text: "root's" });
});

test.each([
  ["owned by another", () => give(home)],
  ["writable by others", () => chmodSync(home, 0o777)],
  ["reached through a link", () => symlinkSync(home, `${home}/link`), "link/authorized_keys"],
] as const)("a place is not root's: %s", (_, spoil, path: string = "authorized_keys") => {
  writeFileSync(keys, "x");
  spoil();
  expect(isRoots(join(home, path))).toBe(false);
});

test("nothing there is nothing", () => {
  expect(() => readKeyFile(keys, asRoot)).toThrow("ENOENT");
});
