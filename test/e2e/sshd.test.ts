// `afkill sshd`: sshd's own timeouts, written, refused and taken away on a real sshd.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SettingStatus, SshdStatus } from "../../src/sshd/status.ts";
import { type Lab, startLab } from "../lab/lab.ts";
import { afkill, stateOf } from "../support/install.ts";

const DROP_IN = "/etc/ssh/sshd_config.d/00-afkill-timeouts.conf";
const MAIN = "/etc/ssh/sshd_config";

/** The running sshd: its pid, and when it last read its configuration. */
function runningSshd(lab: Lab): Promise<string> {
  return lab.must(
    "cat /run/sshd.pid; stat -c '%i %.Y' /run/sshd.pid; cut -d' ' -f22 /proc/$(cat /run/sshd.pid)/stat",
  );
}

async function statusOf(lab: Lab): Promise<SshdStatus> {
  const ran = await afkill(lab, "sshd status --json");
  expect(ran).toMatchObject({ status: 0, stderr: "" });
  return JSON.parse(ran.stdout);
}

async function settingOf(lab: Lab, keyword: string): Promise<SettingStatus | undefined> {
  return (await statusOf(lab)).settings.find((setting) => setting.keyword === keyword);
}

async function mustLogIn(lab: Lab): Promise<void> {
  expect(await lab.run("ssh visitor@lab 'exit 23'")).toMatchObject({ status: 23, stderr: "" });
}

describe("what is refused", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab();
    await lab.addUser("visitor");
    await lab.must("cp -a /etc/ssh /root/ssh; cp -a /usr/sbin/sshd /root/sshd");
  });
  afterAll(() => lab.stop());

  interface Refusal {
    readonly options?: string;
    /** Makes the host one on which this must be refused; undone afterwards. */
    readonly given?: string;
    readonly status?: number;
    readonly says: RegExp;
  }

  /** Puts an sshd into its place that does something else for some arguments: `lines` of sh, with `real` for the true one. */
  const otherSshd = (...lines: string[]) =>
    [
      "mv /usr/sbin/sshd /usr/sbin/sshd-real; cat >/usr/sbin/sshd <<'END'",
      "#!/bin/sh",
      "real=/usr/sbin/sshd-real",
      ...lines,
      'exec $real "$@"',
      "END",
      "chmod 755 /usr/sbin/sshd",
    ].join("\n");
  const whenWritten = (flag: string, then: string) =>
    `[ "$*" != ${flag} ] || ! [ -e ${DROP_IN} ] || { ${then}; }`;
  const grudging = otherSshd(whenWritten("-t", 'echo "line 2: bad moon" >&2; exit 255'));
  const deaf = otherSshd(
    whenWritten("-T", "$real -T | sed 's/^clientaliveinterval .*/clientaliveinterval 7/I'; exit"),
  );
  const old = otherSshd('case $* in *UnusedC*) echo "Bad configuration option: x" >&2; exit 255 ;; esac');

  const refusals: Record<string, Refusal> = {
    "a number that sshd -t rejects": {
      options: "--client-alive-count-max 99999999999",
      says: /does not accept ClientAliveCountMax 99999999999 \(sshd -t: .*too large.*\); .*nothing was changed/,
    },
    "types of channels that sshd -t rejects": {
      options: "--channel-timeout bogus",
      says: /does not accept ChannelTimeout bogus \(sshd -t: .*invalid channel timeout/,
    },
    "a good value beside a bad one": {
      options: "--client-alive-interval 7s --channel-timeout 'session:*=x'",
      says: /does not accept ChannelTimeout session:\*=x/,
    },
    "a file that sshd -t rejects once it is in its place": {
      given: grudging,
      says: /sshd would not accept the change \(sshd -t: line 2: bad moon\); everything was put back as it was/,
    },
    "a file that sshd reads otherwise": {
      given: deaf,
      says: /sshd -T shows clientaliveinterval 7 where 60 was written; everything was put back as it was/,
    },
    "a setting that this sshd does not know": {
      given: old,
      options: "--unused-connection-timeout 5m",
      says: /this sshd does not know UnusedConnectionTimeout; leave it out/,
    },
    "another value in a file that is read before": {
      given: `echo 'ClientAliveInterval 5' >${DROP_IN.replace("00-", "00-a")}`,
      says: /00-aafkill-timeouts.conf:1 sets ClientAliveInterval 5, and comes before .*: in sshd the first value counts/,
    },
    "another value in the main file, before its Include": {
      given: `sed -i '1i TCPKeepAlive no' ${MAIN}`,
      says: /\/etc\/ssh\/sshd_config:1 sets TCPKeepAlive no, and comes before/,
    },
    "a configuration without the Include": {
      given: `sed -i '/^Include/d' ${MAIN}`,
      says: /does not include \/etc\/ssh\/sshd_config.d; put "Include/,
    },
    "an Include that is for some only": {
      given: `sed -i 's/^Include.*/Include sshd_config.d\\/00-lab.conf/' ${MAIN}
        printf 'Match User x\\nInclude sshd_config.d/00-a*\\n' >>${MAIN}`,
      says: /does not include \/etc\/ssh\/sshd_config.d/,
    },
    "a configuration that is bad already": {
      given: `echo 'Bogus yes' >>${MAIN}`,
      says: /sshd -t: .*Bogus.*; correct sshd's configuration/,
    },
    "a file with others' lines in the place of ours": {
      given: `echo 'MaxAuthTries 5' >${DROP_IN}`,
      says: /00-afkill-timeouts.conf holds more than afkill has written; move the other lines/,
    },
    "a link in the place of ours": {
      given: `ln -s /dev/null ${DROP_IN}`,
      says: /00-afkill-timeouts.conf is not a regular file/,
    },
    "a directory that others may write to": {
      given: "chmod 777 /etc/ssh/sshd_config.d",
      says: /sshd_config.d can be written to by users other than root/,
    },
    "a number of seconds without its unit": {
      options: "--client-alive-interval 60",
      status: 2,
      says: /argument '60' is invalid. expected a duration/,
    },
    "a line of one's own": {
      options: "--channel-timeout 'session:*=1h\nPermitEmptyPasswords yes'",
      status: 2,
      says: /Expected types and times such as/,
    },
    "half an answer": { options: "--tcp-keepalive maybe", status: 2, says: /Allowed choices are yes, no/ },
    "less than nothing": {
      options: "--client-alive-count-max=-1",
      status: 2,
      says: /Expected a whole number/,
    },
  };

  test.each(Object.entries(refusals))(
    "%s: the running sshd and its files stay as they were",
    async (_, refusal) => {
      const { options = "", given = ":", status = 1, says } = refusal;
      const ssh = lab.ssh("visitor");
      await ssh.waitFor(/visitor@lab/);
      await lab.must(given);
      try {
        const [files, running] = [await stateOf(lab), await runningSshd(lab)];
        const ran = await afkill(lab, `sshd apply ${options}`);
        expect(ran.stderr).toMatch(/^afkill: [^\n]+; [^\n]+\n$/);
        expect(ran.stderr).toMatch(says);
        expect(ran.status).toBe(status);
        expect(await stateOf(lab)).toBe(files);
        expect(await runningSshd(lab)).toBe(running);
      } finally {
        await lab.must(
          "rm -r /etc/ssh; cp -a /root/ssh /etc/ssh; cp -a --remove-destination /root/sshd /usr/sbin/sshd",
        );
      }
      await mustLogIn(lab);
      ssh.write("echo $((6 * 7)) lives\r");
      await ssh.waitFor(/42 lives/);
      ssh.write("exit\r");
      await ssh.exit;
    },
  );

  test("everything, to another user than root", async () => {
    for (const command of ["status", "apply", "revert"]) {
      const ran = await afkill(lab, `sshd ${command}`, { user: "visitor" });
      expect(ran).toMatchObject({ status: 1, stdout: "" });
      expect(ran.stderr).toContain(`run it as root: sudo afkill sshd ${command} ...`);
    }
  });
});

test("a reload that fails puts the file back, and sshd goes by the old one", async () => {
  await using lab = await startLab();
  await lab.addUser("visitor");
  // An sshd that cannot write its pid file looks like one that never came back.
  await lab.must(
    "cp -a /run/sshd.pid /root/; mount --bind /root/sshd.pid /run/sshd.pid; mount -o remount,bind,ro /run/sshd.pid",
  );
  const before = await stateOf(lab);
  const ran = await afkill(lab, "sshd apply --client-alive-interval 1s");
  expect(ran.status).toBe(1);
  expect(ran.stderr).toMatch(/did not start listening again.*; everything was put back as it was/);
  expect(ran.stdout).toContain("sshd may still use the change that was undone: reload sshd yourself");
  expect(await stateOf(lab)).toBe(before);
  // It was told twice: by now it reads the old files.
  const { stderr } = await lab.run("ssh -v visitor@lab 'sleep 3'");
  expect(stderr).toContain("Authenticated to lab");
  expect(stderr).not.toContain("keepalive@openssh.com");
});

test("apply reaches the running sshd: a dead client's login ends, an idle one's does not", async () => {
  await using lab = await startLab();
  await lab.addUser("visitor");
  const before = await stateOf(lab);

  const preview = await afkill(
    lab,
    "sshd apply --client-alive-interval 2s --client-alive-count-max 2 --dry-run",
  );
  expect(preview.stdout).toContain(`would create ${DROP_IN}\n`);
  expect(preview.stdout).toContain(
    "    +ClientAliveInterval 2\n    +ClientAliveCountMax 2\n    +TCPKeepAlive yes\n",
  );
  expect(await stateOf(lab)).toBe(before);

  const applied = await afkill(lab, "sshd apply --client-alive-interval 2s --client-alive-count-max 2");
  expect(applied).toMatchObject({ status: 0, stderr: "" });
  expect(applied.stdout).toMatch(/^create .*\nreload sshd \(SIGHUP to process \d+\)\n$/);
  expect(await lab.must(`stat -c '%a %U' ${DROP_IN}`)).toBe("644 root\n");

  const idle = lab.ssh("visitor");
  await idle.waitFor(/visitor@lab/);
  lab.spawn("ssh -tt visitor@lab 'exec sleep 7777'");
  const sleeper = () =>
    lab.processes().filter(({ cmdline }) => cmdline.includes("7777") && cmdline[0] === "sleep");
  await idle.waitFor(() => sleeper().length > 0);
  await lab.must("pkill -STOP -f '^ssh -tt'");
  await idle.waitFor(() => sleeper().length === 0);
  idle.write("echo $((6 * 7)) lives\r");
  await idle.waitFor(/42 lives/);

  expect((await afkill(lab, "sshd apply --client-alive-interval 2s --client-alive-count-max 2")).stdout).toBe(
    "nothing to change: sshd has these values\n",
  );
  expect(await afkill(lab, "sshd apply")).toMatchObject({ status: 0, stderr: "" });
  expect(await settingOf(lab, "ClientAliveInterval")).toMatchObject({
    value: "60",
    setBy: { file: DROP_IN, line: 2 },
  });

  expect((await afkill(lab, "sshd revert --dry-run")).stdout).toBe(
    `would remove ${DROP_IN}\nwould reload sshd\n`,
  );
  expect((await afkill(lab, "sshd revert")).stdout).toMatch(/^remove .*\nreload sshd \(/);
  expect(await stateOf(lab)).toBe(before);
  expect((await afkill(lab, "sshd revert")).stdout).toContain("nothing to change");
  expect(await settingOf(lab, "ClientAliveInterval")).toMatchObject({ value: "0" });
  await mustLogIn(lab);
});

test("all five settings are written and shown, with what they do and do not do", async () => {
  await using lab = await startLab();
  const options =
    "--tcp-keepalive no --channel-timeout 'session=1h  agent-connection=5m' --unused-connection-timeout 5m";
  const applied = await afkill(lab, `sshd apply ${options}`);
  expect(applied).toMatchObject({ status: 0, stderr: "" });
  expect(applied.stdout).toContain(
    'note: no channel in use has the type "session"; sessions are called session:*\n',
  );
  const { settings, unread } = await statusOf(lab);
  expect(Object.fromEntries(settings.map(({ keyword, value }) => [keyword, value]))).toEqual({
    ClientAliveInterval: "60",
    ClientAliveCountMax: "3",
    TCPKeepAlive: "no",
    ChannelTimeout: "session=1h agent-connection=5m",
    UnusedConnectionTimeout: "300",
  });
  expect(settings.every(({ setBy }) => setBy?.file === DROP_IN)).toBe(true);
  expect(unread).toEqual([]);
  const shown = (await afkill(lab, "sshd status")).stdout;
  expect(shown).toContain("loses its login, 3 min after it sent something last");
  expect(shown).toContain("It never ends an idle user: a client that is alive answers by itself");
  expect(shown).toContain("Output counts, so a forgotten top stays for ever");
});

test("status tells where a value comes from, who has another, and what sshd has not read", async () => {
  await using lab = await startLab({ sshd: "ClientAliveInterval 1m" });
  await lab.must(`printf 'Match User x\\nClientAliveInterval 5\\n' >>${MAIN}`);
  const { unread } = await statusOf(lab);
  expect(unread).toEqual([MAIN]);
  await lab.reloadSshd();
  expect((await statusOf(lab)).unread).toEqual([]);
  expect(await settingOf(lab, "ClientAliveInterval")).toMatchObject({
    value: "60",
    setBy: { file: "/etc/ssh/sshd_config.d/00-lab.conf", value: "1m" },
    exceptions: [{ file: MAIN, value: "5" }],
  });
  expect(await settingOf(lab, "ClientAliveCountMax")).toMatchObject({ value: "3" });
  expect((await settingOf(lab, "ClientAliveCountMax"))?.setBy).toBeUndefined();
  const shown = (await afkill(lab, "sshd status")).stdout;
  expect(shown).toMatch(/ClientAliveInterval 60 {2}\(\/etc\/ssh\/sshd_config.d\/00-lab.conf:\d+\)/);
  expect(shown).toMatch(/For some logins it is 5: \/etc\/ssh\/sshd_config:\d+/);
  const applied = await afkill(lab, "sshd apply --client-alive-interval 30s");
  expect(applied.stdout).toMatch(
    /note: .*sshd_config:\d+: ClientAliveInterval 5 is in a Match block: for the logins/,
  );
  expect(await settingOf(lab, "ClientAliveInterval")).toMatchObject({
    value: "30",
    setBy: { file: DROP_IN },
  });
});

test("an equal value that stands before ours is no reason to refuse", async () => {
  await using lab = await startLab();
  await lab.must(`sed -i '1i ClientAliveInterval 1m' ${MAIN}`);
  expect(await afkill(lab, "sshd apply")).toMatchObject({ status: 0, stderr: "" });
});

test("uninstall takes the drop-in away, with an installation and without", async () => {
  await using lab = await startLab();
  await lab.addUser("visitor");
  const before = await stateOf(lab);
  await afkill(lab, "sshd apply");
  expect((await afkill(lab, "uninstall")).stdout).toMatch(/^remove .*00-afkill-timeouts.conf\nreload sshd/);
  expect(await stateOf(lab)).toBe(before);

  await lab.install("pam");
  await lab.must("/usr/sbin/afkill sshd apply");
  await lab.must("/usr/sbin/afkill uninstall --purge");
  expect(await stateOf(lab)).toBe(before);
  expect(await settingOf(lab, "ClientAliveInterval")).toMatchObject({ value: "0" });
  await mustLogIn(lab);
});

test("what others have added to the drop-in stays", async () => {
  await using lab = await startLab();
  await afkill(lab, "sshd apply");
  await lab.must(`echo 'MaxAuthTries 5' >>${DROP_IN}`);
  const again = await afkill(lab, "sshd apply --client-alive-interval 5s");
  expect(again).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("holds more than afkill has written"),
  });
  expect((await afkill(lab, "sshd revert")).stdout).toContain("removes only afkill's lines");
  expect(await lab.read(DROP_IN)).toBe("MaxAuthTries 5\n");
  expect((await afkill(lab, "sshd revert")).stdout).toContain("nothing to change");
});

test("a revert mends a configuration that our own lines have made bad", async () => {
  await using lab = await startLab();
  await afkill(lab, "sshd apply");
  await lab.must(`echo 'ChannelTimeout bogus' >>${DROP_IN}`);
  expect(await afkill(lab, "sshd revert")).toMatchObject({ status: 0, stderr: "" });
  expect(await afkill(lab, "sshd status")).toMatchObject({ status: 0 });
});

test("what would end the running sshd is not read by it: a revert and an uninstall lock nobody out", async () => {
  await using lab = await startLab();
  await lab.addUser("visitor");
  await afkill(lab, "sshd apply");
  await lab.must(`cp ${DROP_IN} /root/drop-in; cp ${MAIN} /root/main; echo 'Bogus yes' >>${MAIN}`);
  const running = await runningSshd(lab);
  const reverted = await afkill(lab, "sshd revert");
  expect(reverted).toMatchObject({ status: 0, stderr: "" });
  expect(reverted.stdout).toMatch(
    /^remove .*\nsshd was not reloaded, because it would end \(sshd -t: .*Bogus.*\): correct that and reload sshd\n$/,
  );
  await lab.must(`cp /root/drop-in ${DROP_IN}`);
  expect((await afkill(lab, "uninstall")).stdout).toMatch(/^remove .*\nsshd was not reloaded \(.*Bogus/);
  expect(await runningSshd(lab)).toBe(running);
  await mustLogIn(lab);

  // One that our own lines have made bad is good without them.
  await lab.must(
    `cp /root/main ${MAIN}; echo 'ChannelTimeout bogus' >>/root/drop-in; cp /root/drop-in ${DROP_IN}`,
  );
  expect((await afkill(lab, "uninstall")).stdout).toMatch(/^remove .*\nreload sshd/);
  await mustLogIn(lab);
});

test("where sshd writes no pid file, none is looked for where the command was started", async () => {
  await using lab = await startLab();
  await lab.addUser("visitor");
  await lab.must(`sed -i '1i PidFile none' ${MAIN}`);
  await lab.must("mkfifo none", { user: "visitor" });
  for (const command of ["apply", "status", "revert"]) {
    const words = `sshd ${command}`;
    const ran = await lab.run(
      `cd /home/visitor && timeout -s KILL 60 ${lab.node} ${lab.checkout}/dist/cli.js ${words}`,
    );
    expect([command, ran.status, ran.stderr]).toEqual([command, 0, ""]);
  }
});

test("an sshd that starts while sshd is asked lets everybody in", async () => {
  await using lab = await startLab();
  await lab.addUser("visitor");
  await lab.must(`
    kill $(cat /run/sshd.pid); while [ -e /run/sshd.pid ]; do sleep 0.02; done; rmdir /run/sshd
    cp -p /usr/sbin/sshd /usr/sbin/sshd-real; rm /usr/sbin/sshd
    printf '#!/bin/sh\n[ ! -d /run/sshd ] || [ -e /run/sshd.pid ] || /usr/sbin/sshd-real\nexec /usr/sbin/sshd-real "$@"\n' >/usr/sbin/sshd
    chmod 755 /usr/sbin/sshd`);
  expect(await afkill(lab, "sshd status")).toMatchObject({ status: 0 });
  await lab.must("until [ -s /run/sshd.pid ]; do sleep 0.02; done");
  await mustLogIn(lab);
});

test("an sshd of another configuration, which has written the same pid file, is not ended by its own mistake", async () => {
  await using lab = await startLab();
  await lab.must(`
    { echo 'Port 2233'; cat ${MAIN}; } >/root/other; : >/run/sshd.pid
    /usr/sbin/sshd -f /root/other; until [ -s /run/sshd.pid ]; do sleep 0.02; done; echo 'Bogus yes' >>/root/other`);
  const running = await runningSshd(lab);
  const applied = await afkill(lab, "sshd apply");
  expect(applied.stdout).toMatch(
    /^create .*\nsshd was not reloaded, because it would end \(sshd -t: .*other.*Bogus/,
  );
  expect(await runningSshd(lab)).toBe(running);
  expect(await lab.run("ssh -p 2233 root@lab 'exit 23'")).toMatchObject({ status: 23 });
});
