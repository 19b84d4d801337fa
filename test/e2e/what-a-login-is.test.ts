// What counts as a login of this host: what a process is, whatever it is called, and no container's.
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { LoginRow } from "../../src/survey/rows.ts";
import { type Lab, startLab } from "../lab/lab.ts";
import { isPrivilegedOf } from "../lab/processes.ts";
import { bookworm, type Release, releases } from "../lab/release.ts";
import { aliveAfter, atPrompt, auditWithEnd, LIMIT_S, policyOfSeconds, SOON } from "../support/logins.ts";

const PORT = 2222;
const AT_PORT = ["-p", String(PORT)];

async function list(lab: Lab): Promise<LoginRow[]> {
  return JSON.parse(await lab.must("afkill list --json"));
}

/** Whom the doctor misses a watchdog for. */
async function unguarded(lab: Lab): Promise<string> {
  const { findings } = JSON.parse((await lab.run("afkill doctor --json")).stdout);
  return findings
    .filter(({ id, level }: { id: string; level: string }) => id === "watchdogs" && level !== "ok")
    .map(({ what }: { what: string }) => what)
    .join("\n");
}

/** Lines for an sshd of its own on another port. */
const configOf = (more = "") =>
  `Port ${PORT}\nListenAddress 127.0.0.1\nHostKey /etc/ssh/ssh_host_ed25519_key\nUsePAM yes\nPidFile none\n${more}\n`;

/**
 * Starts root's sshd from a directory, under names that say nothing, with afkill's line in its PAM service; `files` are its programs.
 * From OpenSSH 9.8 on the program that holds a login is another one.
 */
async function startRenamed(lab: Lab, release: Release, directory: string): Promise<void> {
  const separate =
    release === bookworm ? "" : `SshdSessionPath ${directory}/held-for-a-user\nPAMServiceName afkill-sshd`;
  await lab.write("/etc/ssh/other_config", configOf(separate));
  await lab.must(`
    mkdir -p ${directory}
    cp /usr/sbin/sshd ${directory}/secure-listener-2
    [ -z '${separate}' ] || cp /usr/lib/openssh/sshd-session ${directory}/held-for-a-user
    for name in secure-listener-2 held-for-a-user; do cp /etc/pam.d/sshd /etc/pam.d/$name; done
    ${directory}/secure-listener-2 -f /etc/ssh/other_config`);
}

describe.concurrent.each(releases)("an sshd of another name: $name", (release) => {
  test("its logins are guarded by hook pam, and known to list, doctor and sweep", async () => {
    await using lab = await startLab({ release, hook: "pam", policy: policyOfSeconds() });
    await lab.addUser("anna");
    await startRenamed(lab, release, "/opt/ssh/sbin");

    const ssh = await atPrompt(lab, "anna", AT_PORT);
    await vi.waitFor(async () => {
      const rows = await list(lab);
      expect(rows.map(({ user, watchdog, client }) => [user, watchdog, client])).toEqual([
        ["anna", "root", "127.0.0.1"],
      ]);
      expect(rows[0]?.subjects[0]?.terminal).toMatch(/^pts\//);
    }, SOON);
    expect(await unguarded(lab)).toBe("");
    await ssh.exit;
    expect(ssh.output).toContain("afkill: closes in");
    expect((await auditWithEnd(lab, "anna")).at(-1)).toMatchObject({ action: "end", ended: true });

    // And without its watchdog.
    const next = await atPrompt(lab, "anna", AT_PORT);
    const watchdog = () => lab.processes().find(({ cmdline }) => cmdline[2] === "/usr/lib/afkill/watchdog");
    await vi.waitFor(() => expect(watchdog()).toBeDefined(), SOON);
    await lab.must(`kill -KILL ${watchdog()?.pid}`);
    expect(await unguarded(lab)).toMatch(
      /the login of anna \(uid \d+ from 127\.0\.0\.1, sshd \d+\) has no watchdog/,
    );
    await vi.waitFor(async () => expect(await lab.must("afkill sweep")).toMatch(/^ended anna on pts\/\d+/m), {
      timeout: 120_000,
      interval: 1000,
    });
    await next.exit;
  });

  test.each(["/opt/others/sbin"])(
    "one that a user could have put there, at %s, is none",
    async (directory) => {
      await using lab = await startLab({ release, hook: "pam" });
      for (const user of ["anna", "evil"]) await lab.addUser(user);
      await startRenamed(lab, release, directory);
      const ssh = await atPrompt(lab, "anna", AT_PORT);
      await vi.waitFor(async () => expect(await list(lab)).toHaveLength(1), SOON);
      // Not the directory itself: whoever has one above may put another in its place.
      await lab.must("chown evil /opt/others");
      expect(await list(lab)).toEqual([]);
      await lab.must("chown root /opt/others; chmod 775 /opt/others/sbin");
      expect(await list(lab)).toEqual([]);
      await lab.must("chmod 755 /opt/others/sbin");
      // Upgraded since, its program is still root's.
      await lab.must(`for it in ${directory}/*; do cp $it $it.new; mv $it.new $it; done`);
      expect((await list(lab)).map(({ user }) => user)).toEqual(["anna"]);
      ssh.kill();
      await ssh.exit;
    },
  );
});

test.concurrent.each(releases)(
  "a wrap on root's terminal knows both sshds of its login: $name",
  async (release) => {
    await using lab = await startLab({ release });
    const ssh = await atPrompt(lab, "root");
    ssh.write(`${lab.node} --no-warnings ${join(lab.checkout, "test/support/assignment.ts")}\r`);
    await ssh.waitFor(/^assigned=.*\]/m);
    const [privileged, child] = JSON.parse(/^assigned=(.*\])/m.exec(ssh.screen())?.[1] ?? "[]");
    const pidOf = (title: RegExp) => lab.processes().find(({ cmdline }) => title.test(cmdline[0] ?? ""))?.pid;
    const serving = pidOf(/: root@pts\/\d+$/);
    expect(serving).toBeDefined();
    expect([privileged, child]).toEqual(
      release === bookworm ? [serving, null] : [pidOf(/: root \[(?:priv|postauth)\]$/), serving],
    );
  },
);

test("with hook profile a user's watchdog knows a login by its title, where the name says nothing", async () => {
  await using lab = await startLab({ hook: "profile", policy: policyOfSeconds() });
  await lab.addUser("anna");
  await startRenamed(lab, bookworm, "/opt/ssh/sbin");
  const ssh = await atPrompt(lab, "anna", AT_PORT);
  await ssh.exit;
  expect(ssh.output).toMatch(/afkill: closes in.*afkill: login of anna closed at/s);
});

test("a line that every service reads guards logins, and neither su nor sudo, whatever they are called by", async () => {
  await using lab = await startLab({ hook: "pam", pamLine: true, policy: policyOfSeconds() });
  for (const user of ["anna", "bert"]) await lab.addUser(user, { sudo: user === "anna" });
  await lab.must(`
    line=$(grep afkill/session /etc/pam.d/sshd)
    for service in su sudo; do sed -i "1i $line" /etc/pam.d/$service; done
    ln -s /usr/bin/su /tmp/sshd; ln -s /usr/bin/sudo /tmp/sshd-session`);
  await lab.must(
    "/tmp/sshd bert -c 'sleep 6' & /tmp/sshd-session -u bert sleep 6 & su bert -c 'sleep 6'; wait",
  );
  expect(await lab.must("ls /run/afkill 2>/dev/null || :")).not.toMatch(/^\d/m);
  const ssh = await atPrompt(lab, "anna");
  await vi.waitFor(async () => expect((await list(lab))[0]?.watchdog).toBe("root"), SOON);
  ssh.kill();
  await ssh.exit;
});

test("an sshd that a user runs has no logins of the host, whatever its titles are", async () => {
  await using lab = await startLab({ hook: "pam" });
  await lab.addUser("evil");
  await lab.must(`
    cp /etc/ssh/ssh_host_ed25519_key /home/evil/key; chown evil /home/evil/key`);
  await lab.write(
    "/home/evil/config",
    configOf("UsePAM no")
      .replaceAll("/etc/ssh/ssh_host_ed25519_key", "/home/evil/key")
      .replace("UsePAM yes\n", ""),
  );
  await lab.must(`/usr/sbin/sshd -f /home/evil/config`, { user: "evil" });
  const ssh = await atPrompt(lab, "evil", AT_PORT);
  // In namespaces of their own, with a program of their own in the place of root's, they are root to themselves.
  await lab.must("cp /usr/bin/sleep /home/evil/sshd; chmod 755 /home/evil/sshd");
  ssh.write(
    "unshare --user --map-root-user --mount sh -c 'mount --bind /home/evil/sshd /usr/sbin/sshd; exec bash -c \"exec -a \\\"sshd: root [priv]\\\" /usr/sbin/sshd 1000\"' & echo st''arted\r",
  );
  await ssh.waitFor(/^started/m);
  await vi.waitFor(
    () => expect(lab.processes().some(({ cmdline }) => cmdline[0] === "sshd: root [priv]")).toBe(true),
    SOON,
  );
  expect(
    lab.processes().filter(({ cmdline }) => /^sshd(?:-session)?: evil/.test(cmdline[0] ?? "")).length,
  ).toBeGreaterThan(0);
  expect(await list(lab)).toEqual([]);
  expect(await lab.must("afkill sweep")).not.toContain("evil");
  ssh.kill();
  await ssh.exit;
});

test("a container's watchdog guards a login there, though the host has one with the same pid", async () => {
  await using lab = await startLab({ hook: "pam", policy: policyOfSeconds() });
  await lab.addUser("anna");
  const ssh = await atPrompt(lab, "anna");
  await vi.waitFor(async () => expect((await list(lab))[0]?.watchdog).toBe("root"), SOON);
  const sshdPid = (await list(lab))[0]?.sshdPid;
  const watchdogs = () =>
    lab
      .processes()
      .filter(({ cmdline }) => cmdline.join(" ").endsWith(` /usr/lib/afkill/watchdog ${sshdPid}`));
  const [own] = watchdogs();
  await lab.write("/root/sleeping", "#!/bin/sh\nsleep 1000\n", 0o755);
  lab.spawn(`exec unshare --mount --pid --fork --kill-child sh -ec '
    mount --bind /root/sleeping /usr/lib/afkill/watchdog
    setsid /usr/lib/afkill/watchdog ${sshdPid} & wait'`);
  await vi.waitFor(() => expect(watchdogs()).toHaveLength(2), SOON);
  await lab.must(`kill -KILL ${own?.pid}`);
  expect((await list(lab))[0]).toMatchObject({ user: "anna", watchdog: null, state: "no watchdog" });
  expect(await unguarded(lab)).toContain("the login of anna");
  ssh.kill();
  await ssh.exit;
});

/** A container as docker makes them, with an sshd of its own and without afkill. */
const CONTAINER = `
mount -t proc proc /proc
mount -t devpts -o newinstance,ptmxmode=0666,gid=5,mode=620 devpts /dev/pts
mount -t tmpfs tmpfs /run
mkdir /run/sshd
sed /afkill/d /etc/pam.d/sshd >/run/pam
mount --bind /run/pam /etc/pam.d/sshd
ip link set lo up
exec /usr/sbin/sshd -D -f /etc/ssh/other_config
`;

describe.concurrent.each(releases)("a container with an sshd of its own: $name", (release) => {
  test.each([
    ["network", "--net"],
    ["none but the host's network", ""],
  ])("its logins are not the host's: %s", async (_, network) => {
    await using lab = await startLab({
      release,
      hook: "pam",
      policy: policyOfSeconds('activity = ["input"]\n[exempt]\nusers = ["anna"]'),
    });
    for (const user of ["anna", "carl"]) await lab.addUser(user);
    await lab.write("/root/container", CONTAINER);
    await lab.write("/etc/ssh/other_config", configOf());
    lab.spawn(`exec unshare --mount --pid ${network} --fork --kill-child sh -e /root/container`);
    const listener = () =>
      lab.processes().find(({ cmdline }) => cmdline.join(" ").includes("-f /etc/ssh/other_config [listener]"))
        ?.pid;
    await vi.waitFor(() => expect(listener()).toBeDefined(), SOON);

    const host = await atPrompt(lab, "anna");
    const proxy = `ProxyCommand=nsenter --net --target ${listener()} busybox nc 127.0.0.1 ${PORT}`;
    const inside = await atPrompt(lab, "carl", ["-o", proxy]);
    // Both are called the same.
    for (const ssh of [host, inside]) {
      ssh.write("tty\r");
      await ssh.waitFor(/^\/dev\/pts\/0/m);
    }
    await aliveAfter(inside, LIMIT_S + 10);
    const privileged = lab.processes().find(({ cmdline }) => isPrivilegedOf("carl", cmdline))?.pid;
    expect(privileged).toBeDefined();
    expect((await list(lab)).map(({ user }) => user)).toEqual(["anna"]);
    expect(await unguarded(lab)).toBe("");
    expect(await lab.must("afkill metrics")).not.toMatch(/carl|no_watchdog"?\} 1/);
    for (const name of ["carl", String(privileged)])
      expect(await lab.run(`afkill end --yes ${name}`)).toMatchObject({ status: 1 });
    const before = host.output;
    const said = await lab.must("afkill sweep; afkill sweep --idle-timeout 2s");
    expect(said).toContain("anna");
    expect(said).not.toContain("carl");
    for (const ssh of [host, inside]) {
      ssh.write("echo st''ill\r");
      await ssh.waitFor(/^still/m);
    }
    expect(host.output.slice(before.length)).not.toContain("afkill");
    expect(await lab.audit()).toEqual([]);
  });
});
