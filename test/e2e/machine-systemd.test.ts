// A watchdog on a machine that systemd runs: it is no part of ssh.service, and nothing of it stays behind.
import { afterAll, beforeAll, expect, onTestFailed, test } from "vitest";
import { bootMachine, type Machine } from "../lab/machine/machine.ts";
import type { Ssh } from "../lab/ssh.ts";

let machine: Machine;

/** The unit that each process of afkill is in, by its cgroup. */
async function unitsOfWatchdogs(): Promise<string[]> {
  const list =
    "for pid in $(pgrep -f '^([^ ]+ )*/usr/lib/afkill/'); do cat /proc/$pid/cgroup 2>/dev/null; done; :";
  return (await machine.must(list)).split("\n").filter(Boolean);
}

async function logIn(): Promise<Ssh> {
  const ssh = machine.ssh("alice");
  await ssh.waitFor(/\$ $/m);
  await ssh.waitFor(async () => {
    const units = await unitsOfWatchdogs();
    return units.length > 0 && units.every((unit) => /^0::\/afkill\.slice\/afkill-[^/]+\.scope$/.test(unit));
  });
  return ssh;
}

beforeAll(async () => {
  machine = await bootMachine({ policy: 'idle_timeout = "1h"\n', hook: "pam" });
  await machine.addUsers("alice");
}, 400_000);

afterAll(async () => {
  await machine?.stop();
});

test("restarting sshd says nothing of a watchdog, and leaves it and its login alone", async () => {
  onTestFailed(async () => console.log(await machine.report()));
  const ssh = await logIn();
  const before = (await machine.syslog()).length;
  await machine.must("systemctl restart ssh.service");
  const said = (await machine.syslog()).slice(before);
  expect(said).toContain("Started ssh.service");
  expect(said).not.toMatch(/afkill|watchdog|left-over|remains running/);
  expect(await unitsOfWatchdogs()).not.toEqual([]);
  ssh.write("echo $((40 + 2))\r");
  await ssh.waitFor(/^42$/m);
  ssh.write("exit\r");
  await ssh.exit;
});

test("after a logout the watchdog, its scope and its state are gone, and no unit has failed", async () => {
  onTestFailed(async () => console.log(await machine.report()));
  const ssh = await logIn();
  ssh.write("exit\r");
  expect((await ssh.exit).status).toBe(0);
  await ssh.waitFor(async () => (await unitsOfWatchdogs()).length === 0);
  await ssh.waitFor(
    async () => (await machine.must("systemctl list-units --all --plain --no-legend 'afkill-*'")) === "",
  );
  expect(await machine.must("systemctl list-units --failed --plain --no-legend")).toBe("");
  expect(await machine.must("ls /run/afkill | grep -c '^[0-9]' || :")).toBe("0\n");
});

test("the doctor finds nothing wrong; sshd's own timeouts come and go with a reload of its unit", async () => {
  onTestFailed(async () => console.log(await machine.report()));
  const { state, findings } = JSON.parse(await machine.must("afkill doctor --json"));
  // The test's own way into the machine is a login that no hook sees.
  const bad = findings.filter(({ level }: { level: string }) => level !== "ok");
  expect(bad).toMatchObject([{ id: "watchdogs", level: "warning" }]);
  expect(state).toBe("warning");

  const pid = await machine.must("cat /run/sshd.pid");
  const shown = (keyword: string) => machine.must(`sshd -T | sed -n 's/^${keyword} //p'`);
  expect(await machine.must("afkill sshd apply --unused-connection-timeout 1h")).toContain(
    "reload ssh.service\n",
  );
  expect([await shown("clientaliveinterval"), await shown("unusedconnectiontimeout")]).toEqual([
    "60\n",
    "3600\n",
  ]);
  expect(JSON.parse(await machine.must("afkill sshd status --json"))).toMatchObject({ unread: [] });
  expect((await machine.run("afkill sshd apply --channel-timeout bogus")).status).toBe(1);
  expect(await shown("unusedconnectiontimeout")).toBe("3600\n");
  expect(await machine.must("afkill sshd revert")).toContain("reload ssh.service\n");
  expect(await shown("clientaliveinterval")).toBe("0\n");
  expect(await machine.must("cat /run/sshd.pid")).toBe(pid);
  const ssh = await logIn();
  ssh.write("exit\r");
  expect((await ssh.exit).status).toBe(0);
});

test("the timer of a sweep ends an idle login without a watchdog, and leaves one as old that is typed in", async () => {
  onTestFailed(async () => console.log(await machine.report()));
  await machine.addUsers("bob", "carol");
  const [bob, carol] = ["bob", "carol"].map((user) => machine.ssh(user)) as [Ssh, Ssh];
  await Promise.all([bob, carol].map((ssh) => ssh.waitFor(/\$ $/m)));
  const typing = setInterval(() => carol.write(" "), 500);
  try {
    await machine.must("sleep 3; pkill -KILL -f '/usr/lib/afkill/[w]atchdog' || :");
    await machine.writePolicy('idle_timeout = "20s"\nwarn_before = ["5s"]\n');
    const units = "/usr/lib/afkill/dist/pam";
    await machine.must(`systemctl link ${units}/afkill-sweep.service`);
    // As installed, but for the five minutes.
    const soon = { input: "[Timer]\nOnCalendar=*:*:0/10\nAccuracySec=1s\n" };
    await machine.must(
      "install -D -m 644 /dev/stdin /etc/systemd/system/afkill-sweep.timer.d/soon.conf",
      soon,
    );
    await machine.must(`systemctl enable --now ${units}/afkill-sweep.timer`);
    await bob.exit;
    const journal = "journalctl --quiet --no-pager -u afkill-sweep.service";
    await carol.waitFor(async () => /ended bob on pts/.test(await machine.must(journal)));
    const ends = (await machine.audit()).filter(({ action }) => action === "end");
    expect(ends).toMatchObject([{ user: "bob", ended: true }]);
    expect(Number(await machine.must("ps -o etimes= -u carol | sort -n | tail -n 1"))).toBeGreaterThan(20);
    expect(await machine.must("systemctl list-units --failed --plain --no-legend")).toBe("");
    carol.write("\u0015echo st''ill\r");
    await carol.waitFor(/^still/m);
  } finally {
    clearInterval(typing);
    await machine.must("systemctl disable --now afkill-sweep.timer");
  }
});
