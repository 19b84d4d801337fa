// Faults of locks, caused in a lab: a locker that dies at a chosen moment, and what must be true of a terminal afterwards.
import { readlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, vi } from "vitest";
import type { Lab, LabProcess, Ssh } from "../lab/lab.ts";
import { stoppedOf, unlock, waitForLock } from "./lock.ts";
import { atPrompt, SOON } from "./logins.ts";

/**
 * Takes the place of the locker, and is it, except that it kills itself where /run/fault/N says so for pts/N: before or after the n-th time
 * that it calls something for its terminal, its record or the state of its screen.
 */
const MORTAL_LOCKER = `
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
const counts = {};
const dieAt = (when, name, path) => {
  const [, kind, number] = /\\/(lock|screen|pts)[-/](\\d+)$/.exec(path) ?? [];
  if (!number) return;
  const key = \`\${when} \${name} \${kind}\`;
  counts[key] = (counts[key] ?? 0) + 1;
  let fault = "";
  try { fault = fs.readFileSync(\`/run/fault/\${number}\`, "utf8"); } catch { return; }
  if (fault === \`\${key} \${counts[key]}\`) process.kill(process.pid, "SIGKILL");
};
const around = (name, pathOf) => {
  const real = fs[name];
  fs[name] = (...args) => {
    dieAt("before", name, pathOf(...args));
    const result = real(...args);
    dieAt("after", name, pathOf(...args));
    return result;
  };
};
around("renameSync", (_, to) => to);
around("linkSync", (_, to) => to);
around("openSync", (path) => String(path));
around("fchmodSync", (fd) => fs.readlinkSync(\`/proc/self/fd/\${fd}\`));
syncBuiltinESMExports();
await import("./real-locker.js");
`;

const DIST = "/usr/lib/afkill/dist";

/** Makes every locker of a lab one that can be told where to die. */
export async function makeLockersMortal(lab: Lab): Promise<void> {
  await lab.must(`mkdir -p /run/fault; mv ${DIST}/locker.js ${DIST}/real-locker.js`);
  await lab.write(`${DIST}/locker.js`, MORTAL_LOCKER);
}

/** Makes the next lockers of pts/N die there; `undefined`: nowhere any more. */
export async function dieAt(lab: Lab, number: number, where: string | undefined): Promise<void> {
  if (where === undefined) await lab.must(`rm -f /run/fault/${number}`);
  else await lab.write(`/run/fault/${number}`, where);
}

/** A user's login at its prompt, and the number of its terminal. */
export interface AtTerminal {
  readonly user: string;
  readonly ssh: Ssh;
  readonly number: number;
  /** What `stateOf` said before anything was locked. */
  readonly before: string;
}

/** Logs a user in, who has only this login. */
export async function atTerminal(lab: Lab, user: string): Promise<AtTerminal> {
  const ssh = await atPrompt(lab, user);
  const shell = lab.processes().find((it) => it.user === user && it.comm === "bash") as LabProcess;
  const number = Number(readlinkSync(join(lab.root, `proc/${shell.pid}/fd/0`)).replace("/dev/pts/", ""));
  return { user, ssh, number, before: await stateOf(lab, number) };
}

/** The attributes, owner and mode of a terminal, and whether the kernel keeps attributes or other openers from changing. */
export function stateOf(lab: Lab, number: number): Promise<string> {
  const terminal = `/dev/pts/${number}`;
  const kernel = `import fcntl, os, sys
fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
print(fcntl.ioctl(fd, 0x5456, bytes(36)).hex(), fcntl.ioctl(fd, 0x80045440, bytes(4)).hex())`;
  return lab.must(
    `stty -F ${terminal} -g && stat -c '%u:%g %a' ${terminal} && /usr/bin/python3 -c '${kernel}' ${terminal}`,
  );
}

/** Locks a terminal as an administrator. */
export async function lockNow(lab: Lab, { user, ssh }: AtTerminal): Promise<void> {
  await lab.must(`afkill lock ${user}`);
  await waitForLock(ssh);
}

/** The pid of the locker of a terminal, inside; `undefined` if it has none that is recorded. */
export async function lockerOf(
  lab: Lab,
  { number }: Pick<AtTerminal, "number">,
): Promise<number | undefined> {
  const { stdout } = await lab.run(`sed -n 's/^locker \\([0-9]*\\) .*/\\1/p' /run/afkill/*/lock-${number}`);
  return stdout.trim() === "" ? undefined : Number(stdout);
}

/** Waits until a terminal is as it was before its lock, nothing is stopped, and no trace of the lock is left. */
export async function isAsBefore(lab: Lab, { user, number, before }: AtTerminal): Promise<void> {
  await vi.waitFor(async () => {
    const left = await lab.must(
      `ls /run/afkill/*/lock-${number} /run/afkill/unlock/${number}.sock 2>&1 || :`,
    );
    expect(stoppedOf(lab, user)).toEqual([]);
    expect(await stateOf(lab, number)).toBe(before);
    expect(left.match(/No such file/g)).toHaveLength(2);
  }, SOON);
}

/** The shell of a terminal takes a command, and shows what is typed. */
export async function works({ ssh }: AtTerminal): Promise<void> {
  ssh.write("\u0015echo alive-$((6 * 7))\r");
  await ssh.waitFor(/echo alive-\$\(\(6 \* 7\)\)/);
  await ssh.waitFor(/^alive-42/m);
  ssh.write("clear\r");
}

/** A terminal that is as before, works, and can be locked and unlocked once more. */
export async function isWhole(lab: Lab, at: AtTerminal): Promise<void> {
  await isAsBefore(lab, at);
  await works(at);
  await lockNow(lab, at);
  await unlock(at.ssh);
  await isAsBefore(lab, at);
}

/** Waits until nothing of a user runs any more, and no locker of their terminal. */
export async function isGone(lab: Lab, { user, number }: AtTerminal): Promise<void> {
  await vi.waitFor(async () => {
    expect(lab.processes().filter((it) => it.user === user && it.state !== "Z")).toEqual([]);
    expect(await lockerOf(lab, { number })).toBeUndefined();
    expect((await lab.run(`test -e /run/afkill/unlock/${number}.sock`)).status).toBe(1);
  }, SOON);
}
