// What program a process runs, whatever that is called, and whether only the host's root can have put it there.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chmodSync, copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test, vi } from "vitest";
import { childrenOf } from "../../../src/login/process.ts";
import {
  isInContainer,
  isNamedSshd,
  programOf,
  rootsPrograms,
  runsSshd,
} from "../../../src/login/program.ts";
import { describeAsRoot } from "../../support/root.ts";

const directory = mkdtempSync(join(tmpdir(), "afkill-program-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** Starts a program that waits, by way of others, and returns its pid once it runs. */
async function start(program: string, by: readonly string[] = []): Promise<number> {
  const [first = "", ...words] = [...by, program, "600"];
  const child = spawn(first, words, { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  const pids = () => [child.pid ?? 0, ...childrenOf(child.pid ?? 0)];
  const running = () => pids().find((pid) => programOf(pid) === program) ?? 0;
  await vi.waitFor(() => expect(running()).not.toBe(0), { timeout: 30_000, interval: 10 });
  return running();
}

/** A copy of sleep with something behind its end. */
function sleepWith(name: string, text: string): string {
  const path = join(directory, name);
  copyFileSync("/usr/bin/sleep", path);
  appendFileSync(path, text);
  return path;
}

test("an sshd is known by its name, or by what the titles of its logins are made with", async () => {
  expect(["/usr/sbin/sshd", "/x/sshd-session", "/x/sshd2", "/sshd/x"].map(isNamedSshd)).toEqual([
    true,
    true,
    false,
    false,
  ]);
  const held = sleepWith("held-for-a-user", "\0%s [priv]\0");
  expect(runsSshd(await start(held), held)).toBe(true);
  const plain = sleepWith("plain", "\0%s [net]\0");
  expect(runsSshd(await start(plain), plain)).toBe(false);
  expect(runsSshd(2 ** 22 + 1, "")).toBe(false);
});

describeAsRoot("as root", () => {
  test("a program of root's in directories of root's is trusted, and none from where others may write", async () => {
    const isRoots = rootsPrograms();
    expect(isRoots(await start("/usr/bin/sleep"), "/usr/bin/sleep")).toBe(true);
    const copy = sleepWith("copy", "");
    expect(isRoots(await start(copy), copy)).toBe(false);
    expect(isRoots(2 ** 22 + 1, "/usr/bin/sleep")).toBe(false);
    expect(isRoots(process.pid, "")).toBe(false);
  });

  test("a program at a path of the host's, but in another root directory, is not the host's", async () => {
    const script = `
      mount -t tmpfs tmpfs /mnt; mkdir /mnt/upper /mnt/work /mnt/root
      mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
      cd /mnt/root; busybox pivot_root . mnt; exec "$@"`;
    const pid = await start("/usr/bin/sleep", ["unshare", "--mount", "sh", "-ec", script, "sh"]);
    expect(programOf(pid)).toBe("/usr/bin/sleep");
    expect(rootsPrograms()(pid, "/usr/bin/sleep")).toBe(false);
  });

  test("a program that was upgraded since is the host's, also where its process was moved to a directory", async () => {
    const own = mkdtempSync("/run/afkill-program-");
    onTestFinished(() => rmSync(own, { recursive: true }));
    chmodSync(own, 0o755);
    const perl = join(own, "perl");
    copyFileSync("/usr/bin/perl", perl);
    const moved = spawn(perl, ["-e", 'chroot "/tmp"; $| = 1; print "moved\\n"; sleep 600'], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    onTestFinished(() => void moved.kill("SIGKILL"));
    await once(moved.stdout, "data");
    const pid = moved.pid ?? 0;
    expect(rootsPrograms()(pid, perl)).toBe(true);
    rmSync(perl);
    expect(programOf(pid)).toBe(perl);
    expect(rootsPrograms()(pid, perl)).toBe(true);
    chmodSync(own, 0o777);
    expect(rootsPrograms()(pid, perl)).toBe(false);
  });

  test("a container is another pid namespace, and no other one", async () => {
    expect(isInContainer(process.pid)).toBe(false);
    expect(isInContainer(await start("/usr/bin/sleep", ["unshare", "--pid", "--fork", "--kill-child"]))).toBe(
      true,
    );
    expect(isInContainer(await start("/usr/bin/sleep", ["unshare", "--mount", "--net"]))).toBe(false);
    expect(isInContainer(2 ** 22 + 1)).toBe(false);
  });
});
