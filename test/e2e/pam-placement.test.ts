// Where the pam hook stands: in a PAM service of afkill's own, which upgrades of openssh-server leave alone, or in sshd's.
import { describe, expect, test, vi } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { bookworm, sid, trixie } from "../lab/release.ts";
import { afkill, stateOf } from "../support/install.ts";
import { atPrompt, auditWithEnd, policyOfSeconds, SOON } from "../support/logins.ts";

const PAM = "/etc/pam.d/sshd";
const SERVICE = "/etc/pam.d/afkill-sshd";
const DROP_IN = "/etc/ssh/sshd_config.d/50-afkill-pam.conf";

/** The watchdogs of root's, without the copies that a shell forks of itself. */
function watchdogs(lab: Lab): number {
  const all = lab.processes().filter(({ cmdline }) => cmdline.includes("/usr/lib/afkill/watchdog"));
  const pids = new Set(all.map(({ pid }) => pid));
  return all.filter(({ ppid }) => !pids.has(ppid)).length;
}

async function hasFile(lab: Lab, path: string): Promise<boolean> {
  return (await lab.run(`test -e ${path}`)).status === 0;
}

/** What is not fine. */
async function doctor(lab: Lab): Promise<string[]> {
  const { findings } = JSON.parse((await afkill(lab, "doctor --json")).stdout);
  return findings
    .filter(({ level }: { level: string }) => level !== "ok")
    .map(({ id, level, what }: Record<string, string>) => `${level} ${id}: ${what}`);
}

async function hookMetric(lab: Lab): Promise<string | undefined> {
  const { stdout } = await afkill(lab, "metrics");
  return /^afkill_hook_in_effect\{hook="pam"\} (\d)$/m.exec(stdout)?.[1];
}

describe.concurrent.each([trixie, sid])("$name", (release) => {
  test("the hook has a service of its own, and guards; sshd's service is as the package made it", async () => {
    await using lab = await startLab({ release });
    await lab.addUser("visitor");
    const before = await stateOf(lab);
    await lab.writePolicy(policyOfSeconds());
    const pam = await lab.read(PAM);
    const said = await lab.install("pam");
    expect(said.trim().split("\n").length).toBeLessThanOrEqual(5);
    expect(said).toContain(`create ${SERVICE}`);
    expect(said).toContain("reload");
    expect(await lab.read(PAM)).toBe(pam);
    expect(await lab.must("sshd -T | grep -i pamservicename")).toMatch(/ afkill-sshd$/m);
    expect(await doctor(lab)).toEqual([]);
    expect(await hookMetric(lab)).toBe("1");

    const ssh = await atPrompt(lab, "visitor");
    await ssh.waitFor(/afkill: closes in \d+ s/);
    await ssh.exit;
    expect((await auditWithEnd(lab, "visitor")).at(-1)).toMatchObject({ action: "end", ended: true });

    // What an upgrade does to a file that the administrator lets it replace.
    await lab.must(`echo '# by the maintainer' >>${PAM}`);
    expect(await doctor(lab)).toEqual([]);
    expect(await afkill(lab, "install --repeat")).toMatchObject({ status: 0, stdout: "", stderr: "" });
    await atPrompt(lab, "visitor");
    await vi.waitFor(() => expect(watchdogs(lab)).toBe(1), SOON);
    await lab.must(`sed -i '/by the maintainer/d' ${PAM}`);

    expect(await afkill(lab, "uninstall --purge")).toMatchObject({ status: 0, stderr: "" });
    const withoutTime = (text: string) => text.replace(/^(\/etc\/pam.d\/sshd f .*) \S+$/m, "$1");
    expect(withoutTime(await stateOf(lab))).toBe(withoutTime(before));
    expect((await lab.run("ssh visitor@lab 'exit 23'")).status).toBe(23);
  });
});

/** A module that asks a server, which may know services by name. Where it is not installed, PAM passes it over. */
const SSS = "-account sufficient pam_sss.so";
const plantSss = `echo '${SSS}' >>/etc/pam.d/common-account`;
const removeSss = "sed -i /pam_sss/d /etc/pam.d/common-account";

/** What an upgrade does when the administrator takes the maintainer's version of sshd's PAM file. */
const replacePam = `sed /afkill/d ${PAM} >/root/maintainers && cat /root/maintainers >${PAM}`;

test("a module that may know sshd's service by its name keeps the line in sshd's file, and this is said", async () => {
  await using lab = await startLab({ release: trixie });
  await lab.addUser("visitor");
  await lab.must(plantSss);
  const before = await stateOf(lab);
  const line = (await lab.must("grep -n pam_sss /etc/pam.d/common-account")).split(":")[0];
  const note = `note: /etc/pam.d/common-account:${line}: pam_sss may decide by the name of the PAM service: the line is in ${PAM}`;
  expect((await afkill(lab, "install --hook pam --dry-run")).stdout).toContain(note);
  const said = await lab.install("pam");
  expect(said.split("\n").find((text) => text.startsWith("note: "))).toContain(note);
  expect(said.trim().split("\n").length).toBeLessThanOrEqual(5);
  expect([await hasFile(lab, SERVICE), await hasFile(lab, DROP_IN)]).toEqual([false, false]);
  await atPrompt(lab, "visitor");
  await vi.waitFor(() => expect(watchdogs(lab)).toBe(1), SOON);
  expect(await doctor(lab)).toEqual([]);
  await afkill(lab, "uninstall --purge");
  expect(await stateOf(lab)).toBe(before);
});

test.each([
  [
    "another PAMServiceName",
    "echo 'PAMServiceName sshd' >/etc/ssh/sshd_config.d/10-x.conf",
    "10-x.conf:1 sets",
  ],
  [
    "one in a Match block",
    "printf 'Match User visitor\\nPAMServiceName sshd\\n' >/etc/ssh/sshd_config.d/10-x.conf",
    "10-x.conf:2 sets",
  ],
  [
    "no Include",
    "sed -i '/^Include/d' /etc/ssh/sshd_config; cat /etc/ssh/sshd_config.d/00-lab.conf >>/etc/ssh/sshd_config",
    "sshd_config does not include /etc/ssh/sshd_config.d/50-afkill-pam.conf",
  ],
  [
    "rules of SSSD",
    "mkdir -p /etc/sssd; echo '[sssd]' >/etc/sssd/sssd.conf",
    "/etc/sssd/sssd.conf may have rules",
  ],
  [
    "rules of getseuser(3)",
    "mkdir -p /etc/selinux/x/logins; echo sshd:a:b >/etc/selinux/x/logins/anna",
    "/etc/selinux/x/logins/anna may have rules",
  ],
  [
    "a module of rules for services",
    "sed -i '1i account required pam_access.so' /etc/pam.d/sshd",
    "pam_access may",
  ],
  [
    "an argument that names sshd",
    "sed -i '$a session optional pam_lastlog2.so silent_if=gdm,sshd' /etc/pam.d/sshd",
    "pam_lastlog2 may",
  ],
  [
    "no @include",
    "printf 'auth required pam_unix.so\\naccount required pam_unix.so\\nsession required pam_unix.so\\n' >/etc/pam.d/sshd",
    "has no @include",
  ],
  ["a second sshd", "/usr/sbin/sshd -o Port=2222 -o PidFile=none", /sshd \d+ .*may not read/],
  [
    "an sshd without pid file",
    "echo 'PidFile none' >/etc/ssh/sshd_config.d/10-x.conf",
    /sshd \d+ may not read/,
  ],
])("%s keeps the line in sshd's file", async (_, plant, why) => {
  await using lab = await startLab({ release: trixie });
  await lab.must(plant);
  const { status, stdout } = await afkill(lab, "install --hook pam --dry-run");
  expect(status).toBe(0);
  expect(stdout.split("\n").find((line) => line.startsWith("note: "))).toMatch(
    typeof why === "string" ? new RegExp(why.replace(/[.()]/g, "\\$&")) : why,
  );
});

test("the line moves into a service of afkill's own as soon as it may, and back as soon as it must", async () => {
  await using lab = await startLab({ release: trixie });
  await lab.addUser("visitor");
  const pam = await lab.read(PAM);
  const time = () => lab.must(`stat -c '%Y %a %U' ${PAM}`);
  const before = await time();
  await lab.must(plantSss);
  await lab.install("pam");
  await lab.must(removeSss);
  expect(await doctor(lab)).toEqual([
    `warning pam-placement: afkill's line is in ${PAM}, which an upgrade of openssh-server can replace`,
  ]);
  const moved = await afkill(lab, "install --repeat");
  expect(moved).toMatchObject({ status: 0, stderr: "" });
  expect(moved.stdout).toMatch(/^hook pam was moved \(create .*, reload .*, change \/etc\/pam.d\/sshd\)\n$/);
  expect([await lab.read(PAM), await time()]).toEqual([pam, before]);
  expect(await doctor(lab)).toEqual([]);
  expect(await lab.must("ssh visitor@lab echo in")).toBe("in\n");

  await lab.must(plantSss);
  expect(await doctor(lab)).toEqual([
    expect.stringMatching(/^error pam-placement: sshd uses .* logins may be refused or not be guarded$/),
  ]);
  const back = await afkill(lab, "install --repeat");
  expect(back).toMatchObject({ status: 0, stderr: "" });
  expect(await lab.read(PAM)).toContain("/usr/lib/afkill/session");
  expect([await hasFile(lab, SERVICE), await hasFile(lab, DROP_IN)]).toEqual([false, false]);
  await atPrompt(lab, "visitor");
  await vi.waitFor(() => expect(watchdogs(lab)).toBe(1), SOON);
  expect(await doctor(lab)).toEqual([]);
  await lab.must(removeSss);
  await afkill(lab, "uninstall --purge");
  expect([await lab.read(PAM), await time()]).toEqual([pam, before]);
});

test("a second sshd that uses no PAM is no reason for a line in sshd's file, and keeps no file at the end", async () => {
  await using lab = await startLab({ release: trixie });
  await lab.must("/usr/sbin/sshd -o Port=2222 -o PidFile=/run/second.pid -o UsePAM=no");
  const before = await stateOf(lab);
  expect(await lab.install("pam")).toContain(`create ${SERVICE}`);
  expect(await afkill(lab, "uninstall --purge")).toMatchObject({ status: 0, stderr: "" });
  expect(await stateOf(lab)).toBe(before);
});

test("a login that meets both places has one watchdog", async () => {
  await using lab = await startLab({ release: trixie, hook: "pam" });
  await lab.addUser("visitor");
  const rule = (await lab.read(SERVICE)).split("\n").find((line) => line.startsWith("session"));
  await lab.must(`sed -i '1i ${rule}' ${PAM}`);
  await atPrompt(lab, "visitor");
  await vi.waitFor(() => expect(watchdogs(lab)).toBe(1), SOON);
  await lab.must("sleep 3");
  expect(watchdogs(lab)).toBe(1);
});

/** A PAM without a file for a service takes this one. Not every system's lets anybody in. */
const denyOthers = `for it in auth account password session; do echo "$it required pam_deny.so"; done >/etc/pam.d/other`;

/**
 * What a client says that came between: sshd closes its socket when it is told to read its configuration anew, and opens it again some
 * milliseconds later. One that PAM refuses says neither.
 */
const BETWEEN_TWO_SSHDS = '*"Connection refused"* | kex_exchange_identification:*';

test("while afkill is installed and uninstalled no login is refused, however slow its client is", async () => {
  await using lab = await startLab({ release: trixie, sshd: "LoginGraceTime 60" });
  await lab.addUser("visitor");
  await lab.must(denyOthers);
  const before = await stateOf(lab);
  const busy = lab.spawn(`
    for it in 1 2; do
      (while [ ! -e /run/enough ]; do
        if said=$(ssh -o ConnectionAttempts=10 visitor@lab true </dev/null 2>&1); then echo >>/run/entered
        else case $said in ${BETWEEN_TWO_SSHDS}) ;; *) echo "$said" >>/run/refused ;; esac; fi
      done) &
    done
    wait`);
  const enter = async (more: number) => {
    const count = async () => Number(await lab.must("wc -l </run/entered 2>/dev/null || echo 0"));
    const goal = (await count()) + more;
    await vi.waitFor(async () => expect(await count()).toBeGreaterThanOrEqual(goal), SOON);
  };
  await enter(4);
  await lab.install("pam");
  await enter(4);
  // Its connection is there before the uninstall; it names its user long after sshd has heard of the change.
  const slow = lab.run(
    `ssh -o ProxyCommand='bash -c "exec 3<>/dev/tcp/127.0.0.1/22; touch /run/connected; sleep 10; cat <&3 & cat >&3"' visitor@lab 'exit 23'`,
  );
  await vi.waitFor(async () => expect(await hasFile(lab, "/run/connected")).toBe(true), SOON);
  const gone = await afkill(lab, "uninstall --purge");
  expect(gone).toMatchObject({ status: 0, stderr: "" });
  expect(gone.stdout).toMatch(/waiting for connections from before to log in or end: \d+ \(60 s at most\)/);
  expect(await slow).toMatchObject({ status: 23 });
  await enter(4);
  await lab.must("touch /run/enough");
  await new Promise((resolve) => busy.on("close", resolve));
  expect((await lab.run("cat /run/refused")).stdout).toBe("");
  expect(await stateOf(lab)).toBe(before);
});

test("where another sshd may use the service, its file stays with what sshd's service says", async () => {
  await using lab = await startLab({ release: trixie, hook: "pam" });
  await lab.addUser("visitor");
  await lab.must(`${denyOthers}; /usr/sbin/sshd -o Port=2222 -o PidFile=/run/second.pid`);
  expect(await doctor(lab)).toEqual([]);
  const gone = await afkill(lab, "uninstall --purge");
  expect(gone).toMatchObject({ status: 0, stderr: "" });
  expect(gone.stdout).toMatch(
    /keep \/etc\/pam.d\/afkill-sshd \(sshd \d+ may still use it .*\): remove it after sshd was restarted/,
  );
  expect(await lab.read(SERVICE)).not.toContain("pam_exec");
  for (const port of [22, 2222])
    expect((await lab.run(`ssh -p ${port} visitor@lab 'exit 23'`)).status).toBe(23);
  await lab.must("kill $(cat /run/second.pid); while [ -e /run/second.pid ]; do sleep 0.1; done");
  expect((await afkill(lab, "uninstall --purge")).stdout).toContain(`remove ${SERVICE}\n`);
  expect((await lab.run("ssh visitor@lab 'exit 23'")).status).toBe(23);
});

test("an sshd that does not answer a reload keeps its service when the install is undone", async () => {
  await using lab = await startLab({ release: trixie });
  await lab.addUser("visitor");
  await lab.must(`${denyOthers}; kill -STOP $(cat /run/sshd.pid)`);
  const failed = await afkill(lab, "install --hook pam");
  expect(failed.status).toBe(1);
  expect(failed.stderr).toMatch(
    /sshd did not start listening again .*; .*afkill-sshd could not be put back: sshd did not/,
  );
  expect([await hasFile(lab, SERVICE), await hasFile(lab, DROP_IN)]).toEqual([true, false]);
  await lab.must("kill -CONT $(cat /run/sshd.pid)");
  await vi.waitFor(async () => expect((await lab.run("ssh visitor@lab 'exit 23'")).status).toBe(23), SOON);
});

test.each([bookworm, trixie])(
  "a replaced PAM file is noticed, and put right by --repeat: $name",
  async (release) => {
    await using lab = await startLab({ release });
    await lab.addUser("visitor");
    expect(await afkill(lab, "install --repeat")).toMatchObject({ status: 0, stdout: "", stderr: "" });
    // On the newer release only this keeps the line where an older one has it.
    if (release !== bookworm) await lab.must(plantSss);
    await lab.install("pam");
    await lab.must("mkdir -p /run/afkill");
    expect([await hookMetric(lab), (await afkill(lab, "sweep")).status]).toEqual(["1", 0]);
    expect(await afkill(lab, "install --repeat")).toMatchObject({ status: 0, stdout: "", stderr: "" });

    await lab.must(replacePam);
    expect(await doctor(lab)).toContainEqual(
      `error pam-rule: ${PAM} has no line of afkill: no login is guarded`,
    );
    expect((await afkill(lab, "doctor")).status).toBe(1);
    expect(await hookMetric(lab)).toBe("0");
    const why = `new logins are not guarded: hook pam is not in effect: ${PAM} has no line of afkill`;
    expect((await afkill(lab, "sweep --dry-run")).stderr).toContain(why);
    const swept = await afkill(lab, "sweep");
    expect([swept.status, swept.stderr]).toEqual([1, expect.stringContaining(why)]);
    expect(await afkill(lab, "sweep")).toMatchObject({ status: 1, stderr: "" });
    const times = (await lab.syslog()).split("\n").filter((line) => line.includes(why)).length;
    expect(times).toBe(1);

    if (release !== bookworm) await lab.must(removeSss);
    const back = await afkill(lab, "install --repeat");
    expect(back).toMatchObject({ status: 0, stderr: "" });
    expect(back.stdout).toMatch(/^\/etc\/pam.d\/sshd has no line of afkill: hook pam was put back \(.*\)\n$/);
    expect(await lab.syslog()).toContain(back.stdout.trim());
    expect(await hasFile(lab, DROP_IN)).toBe(release !== bookworm);
    expect([await hookMetric(lab), (await afkill(lab, "sweep")).status]).toEqual(["1", 0]);
    expect(await doctor(lab)).toEqual([]);
    await atPrompt(lab, "visitor");
    await vi.waitFor(() => expect(watchdogs(lab)).toBe(1), SOON);
    const maintainers = await lab.read("/root/maintainers");
    await afkill(lab, "uninstall --purge");
    expect(await lab.read(PAM)).toBe(maintainers);
  },
);
