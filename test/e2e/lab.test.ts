import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { expect, test, vi } from "vitest";
import { checkout } from "../lab/boot.ts";
import { type Lab, startLab } from "../lab/lab.ts";

const BOUND = { timeout: 30_000, interval: 50 };

/** The pids of this machine's processes that are in a namespace. */
function pidsIn(namespace: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readlinkSync(`/proc/${pid}/ns/mnt`) === namespace;
    } catch {
      return false;
    }
  });
}

test("a user logs in on a terminal, and nothing of it reaches the machine's own /etc", async () => {
  const before = readFileSync("/etc/passwd", "utf8");
  await using lab = await startLab({ policy: 'idle_timeout = "off"\n' });
  await lab.addUser("visitor", { groups: ["lab-group"], sudo: true });
  const ssh = lab.ssh("visitor");
  await ssh.waitFor(/visitor@lab/);
  ssh.write("tty; groups; sudo id -un\r");
  // With the prompt behind it: sudo discards what is typed while it ends.
  await ssh.waitFor(/\/dev\/pts\/\d+\s+visitor lab-group\s+root\s+visitor@lab/);
  ssh.write("exit 23\r");
  expect(await ssh.exit).toEqual({ status: 23, signal: 0 });
  expect(ssh.output).toContain("Connection to lab closed");
  expect(await lab.syslog()).toContain("pam_unix(sshd:session): session opened for user visitor");
  expect(await lab.read("/etc/passwd")).toContain("visitor");
  expect(readFileSync("/etc/passwd", "utf8")).toBe(before);
  expect(existsSync("/etc/afkill/afkill.toml")).toBe(false);
  expect((await lab.run(`touch ${lab.checkout}/written`)).stderr).toContain("Read-only");
});

test("commands carry their input, output and status in and out", async () => {
  await using lab = await startLab({ sshd: "AcceptEnv LAB" });
  await lab.addUser("visitor");
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  await lab.write("/root/bytes", bytes);
  const copied = await lab.run("ssh visitor@lab cat <bytes | cmp - bytes; scp -q bytes visitor@lab:");
  expect(copied).toEqual({ status: 0, stdout: "", stderr: "" });
  expect((await lab.run("cat; exit 23", { user: "visitor", input: "typed" })).stdout).toBe("typed");
  expect((await lab.run("LAB=there ssh -o SendEnv=LAB visitor@lab 'echo $LAB; exit 23'")).status).toBe(23);
  await lab.reloadSshd();
  expect((await lab.run("ssh root@lab true")).status).toBe(0);
});

test("a wait that fails shows the screen and the log", async () => {
  await using lab = await startLab();
  const failed = lab.ssh("nobody-here").waitFor(/never/, 10_000);
  await expect(failed).rejects.toThrow(/client has ended.*Permission denied.*Invalid user nobody-here/s);
});

test("closing a client's window ends its login and no other", async () => {
  await using lab = await startLab();
  const [closed, other] = [lab.ssh("root"), lab.ssh("root")];
  await Promise.all([closed.waitFor(/root@lab/), other.waitFor(/root@lab/)]);
  const clients = () => lab.processes().filter(({ comm }) => comm === "ssh").length;
  expect(clients()).toBe(2);
  closed.kill();
  await closed.exit;
  await vi.waitFor(() => expect(clients()).toBe(1), BOUND);
  other.write("echo still-$((40 + 2))\r");
  await other.waitFor(/still-42/);
});

test("orphans are reaped", async () => {
  await using lab = await startLab();
  await lab.must("(sleep 0.1; exit) & (sh -c 'sleep 0.1 & exec true') & true");
  await vi.waitFor(() => {
    const left = lab.processes().filter(({ state, cmdline }) => state === "Z" || cmdline.at(-1) === "0.1");
    expect(left).toEqual([]);
  }, BOUND);
});

async function expectGone(lab: Pick<Lab, "pid">, namespace: string): Promise<void> {
  await vi.waitFor(() => expect(pidsIn(namespace)).toEqual([]), BOUND);
  expect(existsSync(`/proc/${lab.pid}/root/etc`)).toBe(false);
  expect(readFileSync("/proc/mounts", "utf8")).not.toMatch(/^(lab|overlay) \S*afkill/m);
}

/** A program that starts a lab and prints why it did not start. */
const START = `import { startLab } from "${checkout}/test/lab/lab.ts";
  await startLab().then((lab) => lab.stop(), ({ message }) => console.log(message));`;
const NODE = `'${process.execPath}' --input-type=module --eval '${START}'`;

test.each([
  [
    "may not make namespaces",
    `setpriv --bounding-set -sys_admin --inh-caps -sys_admin ${NODE}`,
    /unshare failed: Operation not permitted \(status 1\)\nIt needs root with the right to make namespaces/,
  ],
  [
    "is in a chroot",
    `mount -t tmpfs tmpfs /mnt && cd /mnt && mkdir root && cp -P /bin /sbin /lib* root
     for part in /*; do [ -L "$part" ] || [ ! -d "$part" ] || [ "$part" = /mnt ] || {
       mkdir -p "root$part"; mount --rbind "$part" "root$part"; }; done
     exec chroot root ${NODE}`,
    /unshare: cannot change root filesystem propagation: Invalid argument \(status 1\)/,
  ],
  [
    "may not mount",
    `mount --bind /bin/false /bin/mount && ${NODE}`,
    /^the lab did not start: nothing was printed \(status 1\)/,
  ],
  [
    "has no setpriv",
    `mount --bind /dev/null /usr/bin/setpriv && ${NODE}`,
    /^the lab did not start: spawn setpriv EACCES$/m,
  ],
])("a lab that cannot be made says why: its host %s", async (_, command, why) => {
  const host = spawn("unshare", ["--mount", "sh", "-ec", command], { stdio: ["ignore", "pipe", "inherit"] });
  expect(await text(host.stdout)).toMatch(why);
});

test("stop leaves no process and no mount", async () => {
  const mounts = readFileSync("/proc/mounts", "utf8");
  const lab = await startLab();
  await lab.addUser("visitor");
  const ssh = lab.ssh("visitor");
  await ssh.waitFor(/visitor@lab/);
  lab.spawn("trap '' TERM HUP; sleep 1000");
  const namespace = readlinkSync(`/proc/${lab.pid}/ns/mnt`);
  expect(pidsIn(namespace).length).toBeGreaterThan(5);
  await lab.stop();
  await ssh.exit;
  await expectGone(lab, namespace);
  expect(readFileSync("/proc/mounts", "utf8")).toBe(mounts);
  await lab.stop();
});

test("a lab ends with the process that started it, even when that is killed", async () => {
  const program = `import { startLab } from "${checkout}/test/lab/lab.ts";
    const lab = await startLab();
    lab.ssh("root");
    console.log(lab.pid);
    setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: "pipe" });
  let pid = 0;
  for await (const line of createInterface({ input: owner.stdout })) {
    pid = Number(line);
    break;
  }
  const namespace = readlinkSync(`/proc/${pid}/ns/mnt`);
  owner.kill("SIGKILL");
  await expectGone({ pid }, namespace);
});
