// Files that root makes in a directory of somebody else's: nothing but those very files may change.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeNew } from "../../../src/change/write-new.ts";
import { openLog } from "../../../src/commands/sweep/log-file.ts";
import { makeDirectory, makeFile } from "../../../src/system/make-file.ts";
import { makeOwn } from "../../../src/system/own-directory.ts";
import { testAsRoot } from "../../support/root.ts";

const checkout = resolve(import.meta.dirname, "../../..");

let directory = "";
let umask = 0;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "afkill-make-"));
  umask = process.umask(0o077);
});
afterEach(() => {
  process.umask(umask);
  rmSync(directory, { recursive: true });
});

const modeOf = (path: string) => statSync(path).mode & 0o7777;

test("a file and a directory get the mode that was asked for, whatever the umask", () => {
  makeFile(join(directory, "file"), "text", 0o644);
  expect([modeOf(join(directory, "file")), readFileSync(join(directory, "file"), "utf8")]).toEqual([
    0o644,
    "text",
  ]);
  makeDirectory(join(directory, "sub"), 0o755);
  expect(modeOf(join(directory, "sub"))).toBe(0o755);
  // One that is there is left as it is.
  makeDirectory(join(directory, "sub"), 0o700);
  expect(modeOf(join(directory, "sub"))).toBe(0o755);
});

test("nothing is made or changed through a link", () => {
  const elsewhere = join(directory, "elsewhere");
  symlinkSync(elsewhere, join(directory, "link"));
  expect(() => makeFile(join(directory, "link"), "text", 0o644)).toThrow("EEXIST");
  expect(existsSync(elsewhere)).toBe(false);
  mkdirSync(elsewhere, { mode: 0o700 });
  expect(() => makeDirectory(join(directory, "link"), 0o755)).toThrow();
  expect(() => makeOwn(join(directory, "link"), 0o755)).toThrow("must be a directory of root's");
  expect(modeOf(elsewhere)).toBe(0o700);
});

/** As the owner of the directory: puts a link to a secret in the place of every new file that begins with a dot. */
const RACER = `
  const { readdirSync, renameSync, symlinkSync } = require("node:fs");
  process.chdir(process.argv[1]);
  process.stdout.write("racing");
  for (;;) for (const name of readdirSync("."))
    if (name.startsWith(".") && name.length > 4) try {
      renameSync(name, "gone");
      symlinkSync(process.argv[2], name);
    } catch {}`;

test("a link that takes the place of a file while it is made gets no mode", async () => {
  const [textfile, secret] = [join(directory, "textfile"), join(directory, "secret")];
  mkdirSync(textfile);
  writeFileSync(secret, "hash", { mode: 0o600 });
  const racer: ChildProcess = spawn(process.execPath, ["-e", RACER, textfile, secret]);
  await new Promise((racing) => racer.stdout?.once("data", racing));
  // So long that the racer comes while it is written.
  const text = "x".repeat(1 << 20);
  let met = 0;
  try {
    // Whether the racer wins is a matter of luck: until it has, a few times.
    for (let tries = 0; met < 20 && tries < 20_000; tries += 1) {
      try {
        writeNew(join(textfile, "afkill.prom"), text, true);
      } catch {
        // Renamed away.
      }
      if (readdirSync(textfile).includes("gone")) met += 1;
      rmSync(join(textfile, "gone"), { force: true });
      expect(modeOf(secret)).toBe(0o600);
      expect(readFileSync(secret, "utf8")).toBe("hash");
    }
  } finally {
    racer.kill("SIGKILL");
  }
  expect(met).toBe(20);
});

test("a file that cannot be written is told of by its own name", () => {
  expect(() => writeNew(`${directory}/${"n".repeat(300)}`, "", true)).toThrow(
    /^\/.*n{300} cannot be written: ENAMETOOLONG: name too long$/,
  );
});

testAsRoot("a log is a file of root's alone: no link, no second name of another file, no FIFO", () => {
  const log = join(directory, "log");
  openLog(log)("first");
  openLog(log)("second");
  expect(readFileSync(log, "utf8")).toBe("first\nsecond\n");
  const secret = join(directory, "secret");
  writeFileSync(secret, "hash\n", { mode: 0o600 });
  for (const spoil of [
    () => linkSync(secret, log),
    () => symlinkSync(secret, log),
    () => void execFileSync("mkfifo", [log]),
  ]) {
    rmSync(log);
    spoil();
    expect(() => openLog(log)).toThrow();
  }
  expect(readFileSync(secret, "utf8")).toBe("hash\n");
});

/** The sources of what runs on a host. */
function sources(): { path: string; text: string }[] {
  return ["src", "pam"].flatMap((folder) =>
    readdirSync(join(checkout, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/\.(md|\d)$/.test(entry.name))
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => ({ path, text: readFileSync(path, "utf8") })),
  );
}

/** What changes the mode, owner, times or size of a file by its name, in JavaScript and in a shell. `fchmodSync` takes a descriptor. */
const BY_NAME =
  /\b(l?chmod|l?chown|l?utimes|truncate)Sync\b|\bpromises\.(l?chmod|l?chown)\b|import \{[^}]*\b(l?chmod|l?chown)\b[^}]*\} from "node:fs/;
const IN_SHELL = /^[^#"]*\b(chmod|chown|chgrp|(?<!\/afkill )install)\s+(?!\S+ \/proc\/self\/fd\/)[^/]/m;

test("no source changes a mode or an owner by name", () => {
  const all = sources();
  expect(all.length).toBeGreaterThan(200);
  const wrong = all.filter(({ path, text }) => (path.endsWith(".ts") ? BY_NAME : IN_SHELL).test(text));
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

test.each([
  [BY_NAME, "    chmodSync(temporary, mode);"],
  [BY_NAME, 'import { chmod, open } from "node:fs/promises";'],
  [BY_NAME, "fs.promises.chown(path, 0, 0)"],
  [IN_SHELL, '\tchmod 600 "$directory/lock"'],
  [IN_SHELL, 'cd / && chown root "$run"'],
  [IN_SHELL, "chmod 755 /proc/self/exe"],
])("%s finds %s", (pattern, text) => expect(text).toMatch(pattern));
