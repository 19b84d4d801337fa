// Files that belong to root, and file systems that are full: these run as root, those with mounts in a mount namespace of their own.
import { execFile } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { appendLine } from "../../../src/audit/append.ts";

vi.setConfig({ testTimeout: 120_000 });

const run = promisify(execFile);
const source = resolve(import.meta.dirname, "../../../src/audit");
let base: string;
let directory: string;
let file: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "afkill-audit-"));
  directory = join(base, "log");
  file = join(directory, "audit.jsonl");
});

afterEach(() => rmSync(base, { recursive: true }));

/** Runs TypeScript in a process of its own, with `appendLine` and `directory` in scope; `before` is a shell command that sets the scene. */
function inProcess(code: string, before = ":") {
  const script = `import { appendLine } from ${JSON.stringify(`${source}/append.ts`)};
    const directory = ${JSON.stringify(directory)};
    ${code}`;
  const shell = `umask 077 && ${before} && exec "$0" --no-warnings --input-type=module --eval "$1"`;
  return run("unshare", ["--mount", "sh", "-ec", shell, process.execPath, script]);
}

test("makes the directory and the file where they are missing, whatever the umask", async () => {
  await inProcess(`await appendLine(directory, "{}\\n");`);
  expect(statSync(directory).mode & 0o7777).toBe(0o750);
  expect(statSync(file).mode & 0o7777).toBe(0o640);
  expect(readFileSync(file, "utf8")).toBe("{}\n");
});

test("leaves the mode that an administrator gave", async () => {
  await appendLine(directory, "{}\n");
  chmodSync(file, 0o600);
  chmodSync(directory, 0o700);
  await appendLine(directory, "{}\n");
  expect(statSync(file).mode & 0o7777).toBe(0o600);
  expect(statSync(directory).mode & 0o7777).toBe(0o700);
});

test("50 processes that write at once lose nothing and mix nothing, through a rotation too", async () => {
  mkdirSync(directory, { mode: 0o750 });
  // Each waits for the same moment, then writes 20 lines of very different length.
  const start = Date.now() + 6000;
  const writers = Array.from({ length: 50 }, (_, writer) =>
    inProcess(`
      await new Promise((resolve) => setTimeout(resolve, ${start} - Date.now()));
      for (let i = 0; i < 20; i++) {
        const filler = "x".repeat((i * 211 + ${writer} * 37) % 4000);
        await appendLine(directory, JSON.stringify({ writer: ${writer}, i, filler }) + "\\n");
      }`),
  );
  const rotated = join(directory, "audit.jsonl.1");
  await expect
    .poll(() => statSync(file, { throwIfNoEntry: false })?.size ?? 0, { timeout: 60_000 })
    .toBeGreaterThan(0);
  renameSync(file, rotated);
  await Promise.all(writers);
  const lines = [rotated, file].flatMap((path) => readFileSync(path, "utf8").split("\n").slice(0, -1));
  const seen = lines.map((line) => {
    const { writer, i, filler } = JSON.parse(line);
    expect(filler).toBe("x".repeat((i * 211 + writer * 37) % 4000));
    return `${writer}/${i}`;
  });
  expect(seen.length).toBe(1000);
  expect(new Set(seen).size).toBe(1000);
});

test("a line that was torn does not swallow the next one", async () => {
  await appendLine(directory, '{"a":1}\n');
  appendFileSync(file, '{"tor');
  await appendLine(directory, '{"b":2}\n');
  expect(readFileSync(file, "utf8")).toBe('{"a":1}\n{"tor\n{"b":2}\n');
});

test("a full disk is told, and the first line after it is whole again", async () => {
  const mount = `mkdir -p ${directory} && mount -t tmpfs -o size=16k,mode=750 none ${directory}`;
  const { stdout } = await inProcess(
    `
    import { appendFileSync, readFileSync, truncateSync } from "node:fs";
    const line = JSON.stringify({ filler: "x".repeat(3000) }) + "\\n";
    let failure;
    while (!failure) await appendLine(directory, line).catch((error) => { failure = error; });
    const file = directory + "/audit.jsonl";
    const torn = !readFileSync(file, "utf8").endsWith("\\n");
    // Somebody frees one page: the file loses its beginning, the torn end stays.
    const end = readFileSync(file, "utf8").slice(-1000);
    truncateSync(file);
    appendFileSync(file, end);
    await appendLine(directory, '{"b":2}\\n');
    console.log(JSON.stringify({ message: failure.message, torn, last: readFileSync(file, "utf8").split("\\n").at(-2) }));`,
    mount,
  );
  const { message, torn, last } = JSON.parse(stdout);
  expect(message).toMatch(/^\d+ of \d+ bytes written$/);
  expect(torn).toBe(true);
  expect(last).toBe('{"b":2}');
});

test("a read-only file system is told", async () => {
  const mount = `mkdir -p ${directory} && mount -t tmpfs -o ro,mode=750 none ${directory}`;
  const script = `await appendLine(directory, "{}\\n").catch((error) => console.log(error.code));`;
  expect((await inProcess(script, mount)).stdout).toBe("EROFS\n");
});

test("a link in the place of the directory or the file is not followed", async () => {
  const elsewhere = join(base, "elsewhere");
  mkdirSync(elsewhere, { mode: 0o750 });
  symlinkSync(elsewhere, directory);
  await expect(appendLine(directory, "{}\n")).rejects.toThrow(/ENOTDIR|ELOOP/);
  expect(statSync(join(elsewhere, "audit.jsonl"), { throwIfNoEntry: false })).toBeUndefined();

  const target = join(base, "target");
  writeFileSync(target, "");
  symlinkSync(target, join(elsewhere, "audit.jsonl"));
  await expect(appendLine(elsewhere, "{}\n")).rejects.toThrow(/ELOOP/);
  expect(readFileSync(target, "utf8")).toBe("");
});

test("what others can write to, or own, is refused", async () => {
  await appendLine(directory, "{}\n");
  chmodSync(file, 0o662);
  await expect(appendLine(directory, "{}\n")).rejects.toThrow(/regular file/);
  chmodSync(file, 0o640);
  chownSync(file, 65534, 65534);
  await expect(appendLine(directory, "{}\n")).rejects.toThrow(/regular file/);
  chownSync(file, 0, 0);
  chmodSync(directory, 0o770);
  await expect(appendLine(directory, "{}\n")).rejects.toThrow(/must belong to root/);
  chmodSync(directory, 0o750);
  chownSync(directory, 65534, 65534);
  await expect(appendLine(directory, "{}\n")).rejects.toThrow(/must belong to root/);
  expect(readFileSync(file, "utf8")).toBe("{}\n");
});

test("a FIFO in the place of the file does not make it wait", async () => {
  mkdirSync(directory, { mode: 0o750 });
  await run("mkfifo", ["-m", "640", file]);
  await expect(appendLine(directory, "{}\n")).rejects.toThrow(/regular file/);
});

test("the rotation that comes with it is one that logrotate takes", async () => {
  // As it is installed: logrotate takes none that is another user's, as a checkout's can be.
  const rotation = join(base, "afkill");
  writeFileSync(rotation, readFileSync(join(source, "afkill.logrotate")), { mode: 0o644 });
  const { stderr } = await run("/usr/sbin/logrotate", ["--debug", "--state", join(base, "state"), rotation]);
  // Releases put other words, in another order, after "weekly".
  expect(stderr).toMatch(/^rotating pattern: \/var\/log\/afkill\/audit\.jsonl +weekly .*\(52 rotations\)/m);
  expect(stderr).not.toMatch(/error/i);
});
