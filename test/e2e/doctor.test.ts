// `afkill doctor` on installations with one fault each, and on whole ones.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Finding, Level } from "../../src/commands/doctor/finding.ts";
import { type Lab, startLab } from "../lab/lab.ts";
import { watchdogs } from "../support/hooks.ts";
import { addRestrictedKey, afkill } from "../support/install.ts";
import { SOON } from "../support/logins.ts";

interface Answer {
  readonly status: number;
  readonly state: Level;
  /** What is not fine. */
  readonly bad: readonly Finding[];
  readonly ids: readonly string[];
}

/** Asks the doctor of the checkout: that of a broken installation may not start. */
async function ask(lab: Lab): Promise<Answer> {
  const ran = await afkill(lab, "doctor --json");
  expect(ran.stderr).toBe("");
  const { state, findings }: { state: Level; findings: Finding[] } = JSON.parse(ran.stdout);
  const bad = findings.filter(({ level }) => level !== "ok");
  for (const { remedy } of bad) expect(remedy).toBeTruthy();
  return { status: ran.status, state, bad, ids: findings.map(({ id }) => id) };
}

interface Fault {
  readonly plant: string;
  readonly mend: string;
  readonly id: string;
  readonly says: RegExp | string;
  readonly remedy: RegExp | string;
  readonly level?: Exclude<Level, "ok">;
  /** Checks that cannot but fail as well. */
  readonly also?: readonly string[];
}

/** Plants a fault, expects it to be found, and nothing else, mends it, and expects that nothing is found any more. */
async function mustFind(
  lab: Lab,
  { plant, mend, id, says, remedy, level = "error", also = [] }: Fault,
): Promise<void> {
  await lab.must(plant);
  try {
    const { status, state, bad } = await ask(lab);
    expect(bad).toContainEqual({
      id,
      level,
      what: typeof says === "string" ? expect.stringContaining(says) : expect.stringMatching(says),
      remedy: typeof remedy === "string" ? expect.stringContaining(remedy) : expect.stringMatching(remedy),
    });
    expect(new Set(bad.map((finding) => finding.id))).toEqual(new Set([id, ...also]));
    expect({ status, state }).toEqual({ status: level === "error" ? 1 : 0, state: level });
    const spoken = await afkill(lab, "doctor");
    expect(spoken.status).toBe(status);
    expect(spoken.stdout).toMatch(new RegExp(`^${level} +${id} .*\\n +remedy: `, "m"));
  } finally {
    await lab.must(mend);
  }
  expect(await ask(lab)).toMatchObject({ status: 0, state: "ok", bad: [] });
}

const PAM = "/etc/pam.d/sshd";
const PROGRAMS = "/usr/lib/afkill";
const AGAIN = "/usr/sbin/afkill install --hook pam";

describe("with the hook pam", () => {
  let lab: Lab;
  /** As an administrator does who installs from a checkout. */
  let install: string;
  const saved = (path: string) => `cp -a /root/saved${path} ${path}`;
  beforeAll(async () => {
    lab = await startLab({ hook: "pam", pamLine: true });
    install = `${lab.node} ${lab.checkout}/dist/cli.js install --hook pam`;
    await lab.addUser("visitor");
    await lab.must(`mkdir -p /root/saved/etc /root/saved/usr/lib /root/saved/usr/bin && cp -a /etc/pam.d /etc/ssh /etc/afkill /root/saved/etc/
      cp -a ${PROGRAMS} /root/saved/usr/lib/; cp -a /usr/bin/env /root/saved/usr/bin/
      mkdir -p -m 750 /var/log/afkill && touch /var/log/afkill/audit.jsonl; mkdir -p /run/afkill`);
  });
  afterAll(() => lab.stop());

  test("a clean install passes, with a login and without, from the installed command too", async () => {
    const { status, state, bad, ids } = await ask(lab);
    expect({ status, state, bad }).toEqual({ status: 0, state: "ok", bad: [] });
    expect(ids).toEqual(
      "hook pam-rule pam-placement auth-environment launcher launcher-mount watchdogs unguarded rivals owners programs node age policy policy-names groups lock-service connections tools syslog audit".split(
        " ",
      ),
    );
    const ssh = lab.ssh("visitor");
    await ssh.waitFor(/visitor@lab/);
    const root = lab.ssh("root");
    await root.waitFor(/root@lab/);
    expect(await lab.must("/usr/sbin/afkill doctor")).toMatch(
      /^ok +watchdogs +every login has its watchdog$/m,
    );
    for (const it of [ssh, root]) it.write("exit\r");
    await Promise.all([ssh.exit, root.exit]);
    expect(await lab.syslog()).toContain("afkill[");
  });

  test("it changes nothing", async () => {
    // Those of the logins before this take what they remember along.
    await vi.waitFor(() => expect(watchdogs(lab)).toEqual([]), SOON);
    const state = `find /etc ${PROGRAMS} /usr/sbin/afkill /var/log/afkill /run/afkill -printf '%p %m %U:%G %s %T@ %C@\\n' | sort`;
    const before = await lab.must(state);
    await ask(lab);
    expect(await lab.must(state)).toBe(before);
  });

  test("a group afkill that came after the install changes nothing", async () => {
    await lab.must("groupadd --system afkill");
    expect(await ask(lab)).toMatchObject({ status: 0, state: "ok", bad: [] });
    await lab.must("groupdel afkill");
  });

  test("another user is told to be root", async () => {
    const ran = await afkill(lab, "doctor", { user: "visitor" });
    expect(ran).toMatchObject({ status: 1, stdout: "" });
    expect(ran.stderr).toContain("run it as root: sudo afkill doctor");
  });

  const rival = { id: "rivals", level: "warning" } as const;
  const faults: Record<string, Fault> = {
    "no line in the PAM service": {
      plant: `sed -i /afkill/d ${PAM}`,
      mend: AGAIN,
      id: "pam-rule",
      says: `${PAM} has no line of afkill: no login is guarded`,
      remedy: "sudo afkill install --hook pam",
    },
    "a line that is a comment": {
      plant: `sed -i 's/^session.*afkill/#&/' ${PAM}`,
      mend: saved(PAM),
      id: "pam-rule",
      says: "has no line of afkill:",
      remedy: "sudo afkill install --hook pam",
    },
    "a line that may refuse logins": {
      plant: `sed -i '/afkill/s/optional/required/' ${PAM}`,
      mend: AGAIN,
      id: "pam-rule",
      says: /sshd:\d+: afkill's line is "required": if its program fails, the login may be refused/,
      remedy: "sudo afkill install --hook pam",
    },
    "a line that runs at close too": {
      plant: `sed -i '/afkill/s/type=open_session//' ${PAM}`,
      mend: AGAIN,
      id: "pam-rule",
      says: /sshd:\d+: afkill's line also runs when a session closes/,
      remedy: "sudo afkill install --hook pam",
    },
    "a line without the launcher": {
      plant: `sed -i '/afkill/s:/usr/lib/afkill/env -i::' ${PAM}`,
      mend: AGAIN,
      id: "pam-rule",
      says: "afkill's line is wrong, expected: session optional pam_exec.so",
      remedy: "sudo afkill install --hook pam",
    },
    "a session rule before the line": {
      plant: `sed -i '1i session required pam_env.so user_readenv=1' ${PAM}`,
      mend: AGAIN,
      id: "pam-rule",
      says: "a session rule comes before afkill's line",
      remedy: "sudo afkill install --hook pam",
    },
    "an included session rule before the line": {
      plant: `sed -i '1i @include common-session' ${PAM}`,
      mend: saved(PAM),
      id: "pam-rule",
      says: "a session rule comes before afkill's line",
      remedy: "sudo afkill install --hook pam",
    },
    "the line twice": {
      plant: `sed -i 's/^session.*afkill.*/&\\n&/' ${PAM}`,
      mend: AGAIN,
      id: "pam-rule",
      says: "afkill's line is here a second time",
      remedy: "sudo afkill install --hook pam",
    },
    "a PAM service with a mistake in it": {
      plant: `echo 'session maybe pam_x.so' >>${PAM}`,
      mend: saved(PAM),
      id: "pam-rule",
      says: /sshd:\d+ cannot be understood: expected a control/,
      remedy: "correct it",
      also: ["auth-environment"],
    },
    "an sshd that does not use PAM": {
      plant: "sed -i 's/^UsePAM yes/UsePAM no/' /etc/ssh/sshd_config",
      mend: saved("/etc/ssh/sshd_config"),
      id: "pam-rule",
      says: "sshd does not use PAM (UsePAM no)",
      remedy: "set UsePAM yes",
      also: ["auth-environment"],
    },
    "a user's environment in the auth stack": {
      plant: `sed -i '1i auth required pam_env.so user_readenv=1' ${PAM}`,
      mend: saved(PAM),
      id: "auth-environment",
      says: `${PAM}:1: pam_env reads ~/.pam_environment`,
      remedy: `remove user_readenv=1 from ${PAM}:1`,
    },
    "a user's environment in an included auth stack": {
      plant: `printf 'auth include deeper\\n' >/etc/pam.d/deep; printf '# x\\nauth optional pam_env.so readenv=1 [user_readenv=1]\\nsession optional pam_env.so user_readenv=1\\n' >/etc/pam.d/deeper
        echo 'auth substack deep' >>/etc/pam.d/common-auth`,
      mend: `${saved("/etc/pam.d/common-auth")}; rm /etc/pam.d/deep /etc/pam.d/deeper`,
      id: "auth-environment",
      says: "/etc/pam.d/deeper:2: pam_env reads",
      remedy: "remove user_readenv=1 from /etc/pam.d/deeper:2",
    },
    "a launcher that is not set-group-ID": {
      plant: `chmod g-s ${PROGRAMS}/env`,
      mend: AGAIN,
      id: "launcher",
      says: "mode 710, expected owner 0:65534, mode 2710",
      remedy: "sudo afkill install --hook pam",
    },
    "a launcher of another group": {
      plant: `chgrp root ${PROGRAMS}/env && chmod 2710 ${PROGRAMS}/env`,
      mend: AGAIN,
      id: "launcher",
      says: "owner 0:0, mode 2710",
      remedy: "sudo afkill install --hook pam",
    },
    "a launcher that is another program": {
      plant: `cp /usr/bin/printenv ${PROGRAMS}/env; chgrp nogroup ${PROGRAMS}/env; chmod 2710 ${PROGRAMS}/env`,
      mend: AGAIN,
      id: "launcher",
      says: `${PROGRAMS}/env is not a copy of /usr/bin/env`,
      remedy: "sudo afkill install --hook pam",
      also: ["programs", "node"],
    },
    "a launcher that is gone": {
      plant: `rm ${PROGRAMS}/env`,
      mend: AGAIN,
      id: "launcher",
      says: `there is no ${PROGRAMS}/env: no login gets a watchdog`,
      remedy: "sudo afkill install --hook pam",
      also: ["programs", "node"],
    },
    "an env(1) that was upgraded": {
      plant: "cp /usr/bin/env /root/env && echo >>/root/env && mv /root/env /usr/bin/env",
      mend: `${saved("/usr/bin/env")}`,
      id: "launcher",
      level: "warning",
      says: "is a copy of an older env(1): /usr/bin/env was upgraded later",
      remedy: "sudo afkill install --hook pam",
    },
    "a mount with nosuid": {
      plant: `mount --bind ${PROGRAMS} ${PROGRAMS} && mount -o remount,bind,nosuid ${PROGRAMS}`,
      mend: `umount ${PROGRAMS}`,
      id: "launcher-mount",
      says: "mounted nosuid: a user's LD_PRELOAD would reach a program that runs as root",
      remedy: `mount -o remount,suid ${PROGRAMS}`,
    },
    "a mount with noexec": {
      plant: `mount --bind ${PROGRAMS} ${PROGRAMS} && mount -o remount,bind,noexec ${PROGRAMS}`,
      mend: `umount ${PROGRAMS}`,
      id: "launcher-mount",
      says: "mounted noexec: no login gets a watchdog",
      remedy: `mount -o remount,exec ${PROGRAMS}`,
      also: ["node"],
    },
    "a program that belongs to a user": {
      plant: `chown visitor ${PROGRAMS}/dist/check.js`,
      mend: `chown root ${PROGRAMS}/dist/check.js`,
      id: "owners",
      says: /check.js belongs to uid \d+, not to root/,
      remedy: `chown root ${PROGRAMS}/dist/check.js`,
    },
    "a program directory that others may write to": {
      plant: `chmod o+w ${PROGRAMS}/dist`,
      mend: `chmod go-w ${PROGRAMS}/dist`,
      id: "owners",
      says: `${PROGRAMS}/dist can be written to by others (mode 0757)`,
      remedy: `chmod go-w ${PROGRAMS}/dist`,
    },
    "a directory above that others may write to": {
      plant: "chmod g+w /usr/lib",
      mend: "chmod g-w /usr/lib",
      id: "owners",
      says: "/usr/lib can be written to by others",
      remedy: "chmod go-w /usr/lib",
    },
    "a command that a group may write to": {
      plant: "chmod g+w /usr/sbin/afkill",
      mend: "chmod g-w /usr/sbin/afkill",
      id: "owners",
      says: "/usr/sbin/afkill can be written to by others (mode 0775)",
      remedy: "chmod go-w /usr/sbin/afkill",
    },
    "a PAM service that a user owns": {
      plant: `chown visitor ${PAM}`,
      mend: `chown root ${PAM}`,
      id: "owners",
      says: `${PAM} belongs to uid`,
      remedy: `chown root ${PAM}`,
    },
    "a state directory that others may write to": {
      plant: "chmod 777 /run/afkill",
      mend: "chmod 755 /run/afkill",
      id: "owners",
      says: "/run/afkill can be written to by others (mode 0777)",
      remedy: "chmod go-w /run/afkill",
    },
    "an audit that a user owns": {
      plant: "chown -R visitor /var/log/afkill",
      mend: "chown -R root /var/log/afkill",
      id: "owners",
      says: /\/var\/log\/afkill belongs to uid \d+, not to root \(and 1 more below\)/,
      remedy: "chown root /var/log/afkill /var/log/afkill/audit.jsonl",
    },
    "a policy that others may write to": {
      plant: "chmod 666 /etc/afkill/afkill.toml",
      mend: "chmod 644 /etc/afkill/afkill.toml",
      id: "owners",
      says: "/etc/afkill/afkill.toml can be written to by others (mode 0666)",
      remedy: "chmod go-w /etc/afkill/afkill.toml",
      also: ["policy"],
    },
    "a watchdog that was changed": {
      plant: `sed -i 's/slice=20/slice=2000/' ${PROGRAMS}/watchdog`,
      mend: saved(`${PROGRAMS}/watchdog`),
      id: "programs",
      says: `${PROGRAMS}/watchdog is not as it was installed`,
      remedy: "run afkill install again, from the checkout or package",
    },
    "a watchdog that is gone": {
      plant: `rm ${PROGRAMS}/watchdog`,
      mend: saved(`${PROGRAMS}/watchdog`),
      id: "programs",
      says: `${PROGRAMS}/watchdog is missing`,
      remedy: "run afkill install again, from the checkout or package",
    },
    "a watchdog that cannot be run": {
      plant: `chmod a-x ${PROGRAMS}/watchdog`,
      mend: `chmod a+rx ${PROGRAMS}/watchdog`,
      id: "programs",
      says: `${PROGRAMS}/watchdog has mode 644`,
      remedy: `chmod a+rx ${PROGRAMS}/watchdog`,
    },
    "no manifest": {
      plant: `rm ${PROGRAMS}/manifest.json`,
      mend: saved(`${PROGRAMS}/manifest.json`),
      id: "programs",
      says: "there is no /usr/lib/afkill/manifest.json",
      remedy: "run afkill install again",
    },
    "a manifest that is none": {
      plant: `echo '{' >${PROGRAMS}/manifest.json`,
      mend: saved(`${PROGRAMS}/manifest.json`),
      id: "programs",
      says: "manifest.json cannot be used",
      remedy: "remove it",
    },
    "a package that dpkg could not configure": {
      plant: `cp -a /var/lib/dpkg/status /root/saved/ && touch ${PROGRAMS}/dist/packaged
        printf '\\nPackage: afkill\\nStatus: install ok half-configured\\nVersion: 1\\nArchitecture: all\\nMaintainer: nobody <nobody@lab>\\nDescription: none\\n' >>/var/lib/dpkg/status`,
      mend: `cp -a /root/saved/status /var/lib/dpkg/ && rm ${PROGRAMS}/dist/packaged`,
      id: "programs",
      says: "dpkg has not finished with the package afkill (it is half-configured)",
      remedy: "make sure that no disk is full (df), then: sudo dpkg --configure -a",
    },
    "a package that dpkg could not unpack": {
      plant: `cp -a /var/lib/dpkg/status /root/saved/ && touch ${PROGRAMS}/dist/packaged
        printf '\\nPackage: afkill\\nStatus: install reinstreq half-installed\\nVersion: 1\\nArchitecture: all\\nMaintainer: nobody <nobody@lab>\\nDescription: none\\n' >>/var/lib/dpkg/status`,
      mend: `cp -a /root/saved/status /var/lib/dpkg/ && rm ${PROGRAMS}/dist/packaged`,
      id: "programs",
      says: "dpkg has not finished with the package afkill (it is half-installed, reinstreq)",
      remedy: "make sure that no disk is full (df), then: apt install --reinstall afkill",
    },
    "a Node that is torn": {
      plant: `truncate -s 1M ${PROGRAMS}/node`,
      mend: saved(`${PROGRAMS}/node`),
      id: "node",
      says: "a check does not start (",
      remedy: "run afkill install again",
      also: ["programs"],
    },
    "a Node that is old": {
      plant: `sed -i '1a "node": { "version": "26.0.0", "released": "2020-01-01", "placed": "2020-01-02" },' ${PROGRAMS}/manifest.json`,
      mend: saved(`${PROGRAMS}/manifest.json`),
      id: "age",
      level: "warning",
      says: /its Node 26\.0\.0 of 2020-01-01, \d+ days old, put in on 2020-01-02: fixes of Node's security may be missing$/,
      remedy: "sudo afkill install --node FILE",
    },
    "a build whose age nobody knows": {
      plant: `rm ${PROGRAMS}/dist/build.json`,
      mend: saved(`${PROGRAMS}/dist/build.json`),
      id: "programs",
      says: "build.json is missing",
      remedy: "run afkill install again",
      also: ["age"],
    },
    "a native library that is gone": {
      plant: `rm -r ${PROGRAMS}/dist/node_modules/@koromix`,
      mend: `cp -a /root/saved${PROGRAMS}/dist/node_modules/@koromix ${PROGRAMS}/dist/node_modules/`,
      id: "node",
      says: /a check does not start \(.*koffi/,
      remedy: "run afkill install again",
      also: ["programs"],
    },
    "a policy with two mistakes": {
      plant: "printf 'idle_timeout = 5\\nbogus = 1\\n' >/etc/afkill/afkill.toml",
      mend: saved("/etc/afkill/afkill.toml"),
      id: "policy",
      says: /afkill.toml:1:\d+: idle_timeout: /,
      remedy: "correct /etc/afkill/afkill.toml: until then new logins are not ended",
    },
    "no policy": {
      plant: "rm /etc/afkill/afkill.toml",
      mend: saved("/etc/afkill/afkill.toml"),
      id: "policy",
      says: "/etc/afkill/afkill.toml: expected a file, got none",
      remedy: "correct /etc/afkill/afkill.toml",
    },
    "a name in the policy that nobody here has": {
      plant: `mkdir -p /etc/afkill/afkill.d; printf '[exempt]\\nusers = ["root", "svc_*"]\\n' >/etc/afkill/afkill.d/9.toml`,
      mend: "rm /etc/afkill/afkill.d/9.toml",
      id: "policy-names",
      level: "warning",
      says: '/etc/afkill/afkill.d/9.toml:2:18: exempt.users[2]: no user in /etc/passwd fits "svc_*", so it matches nobody',
      remedy: "correct the name, or create the user or the group",
    },
    "a policy that locks, without the PAM service of locks": {
      plant: `mkdir -p /etc/afkill/afkill.d; printf 'at_limit = "lock"\\n' >/etc/afkill/afkill.d/9.toml; mv /etc/pam.d/afkill /root/`,
      mend: "rm /etc/afkill/afkill.d/9.toml; mv /root/afkill /etc/pam.d/",
      id: "lock-service",
      says: "there is no /etc/pam.d/afkill: no password unlocks a locked terminal",
      remedy: "make /etc/pam.d/afkill with two lines",
    },
    "a logind that stops idle sessions": {
      plant:
        "mkdir -p /etc/systemd/logind.conf.d && printf '[Login]\\n#StopIdleSessionSec=1\\nStopIdleSessionSec=900\\n' >/etc/systemd/logind.conf.d/stig.conf",
      mend: "rm /etc/systemd/logind.conf.d/stig.conf",
      ...rival,
      says: "/etc/systemd/logind.conf.d/stig.conf:3: StopIdleSessionSec=900: logind stops sessions",
      remedy:
        "set StopIdleSessionSec=infinity at /etc/systemd/logind.conf.d/stig.conf:3, then: systemctl restart systemd-logind",
    },
    "a TMOUT in a script of /etc/profile.d": {
      plant: "printf '# TMOUT=1\\ndeclare -xr TMOUT=900\\n' >/etc/profile.d/tmout.sh",
      mend: "rm /etc/profile.d/tmout.sh",
      ...rival,
      says: "/etc/profile.d/tmout.sh:2: TMOUT=900: a shell that waits at its prompt for that long ends",
      remedy: "remove it from /etc/profile.d/tmout.sh:2",
    },
    "a TMOUT in the environment of all": {
      plant: "cp -a /etc/environment /root/environment; echo 'TMOUT=\"600\"' >>/etc/environment",
      mend: "cp -a /root/environment /etc/environment",
      ...rival,
      says: /^\/etc\/environment:\d+: TMOUT=600: /,
      remedy: /remove it from \/etc\/environment:\d+/,
    },
    "an autologout of tcsh": {
      plant: "echo 'set autologout = 15' >>/etc/csh.cshrc",
      mend: "sed -i '/autologout/d' /etc/csh.cshrc",
      ...rival,
      says: /^\/etc\/csh\.cshrc:\d+: autologout=15: /,
      remedy: "remove it from /etc/csh.cshrc:",
    },
    "an sshd that closes silent channels": {
      plant: "echo 'ChannelTimeout session:*=1h' >/etc/ssh/sshd_config.d/10-idle.conf",
      mend: "rm /etc/ssh/sshd_config.d/10-idle.conf",
      ...rival,
      says: /^\/etc\/ssh\/sshd_config\.d\/10-idle\.conf:1: ChannelTimeout session:\*=\S+: sshd closes a channel/,
      remedy: "set ChannelTimeout none at /etc/ssh/sshd_config.d/10-idle.conf:1",
    },
    "an sshd that closes unused connections of some": {
      plant: "printf '\\nMatch User visitor\\n  UnusedConnectionTimeout 5m\\n' >>/etc/ssh/sshd_config",
      mend: saved("/etc/ssh/sshd_config"),
      ...rival,
      says: /^\/etc\/ssh\/sshd_config:\d+: UnusedConnectionTimeout 5m \(in a Match block, for the logins that it matches\): /,
      remedy: /set UnusedConnectionTimeout none at \/etc\/ssh\/sshd_config:\d+/,
    },
    autolog: {
      plant:
        "cp /bin/sleep /usr/sbin/autolog; printf '# comment\\ngroup=student idle=15\\n' >/etc/autolog.conf; setsid /usr/sbin/autolog 1000 >/dev/null 2>&1 & sleep 0.2",
      mend: "pkill -x autolog; rm /usr/sbin/autolog /etc/autolog.conf",
      ...rival,
      says: /^\/etc\/autolog\.conf:2: autolog runs \(process \d+\): /,
      remedy: "apt purge autolog",
    },
    "a second sshd that does not use PAM": {
      plant: `printf 'Port 2299\\nListenAddress 127.0.0.1\\nHostKey /etc/ssh/ssh_host_ed25519_key\\nPidFile /run/second.pid\\nUsePAM no\\n' >/etc/ssh/second
        /usr/sbin/sshd -f /etc/ssh/second; until [ -s /run/second.pid ]; do sleep 0.1; done`,
      mend: "kill $(cat /run/second.pid); rm /etc/ssh/second; while [ -e /run/second.pid ]; do sleep 0.1; done",
      id: "unguarded",
      says: /^sshd \d+ \(-f \/etc\/ssh\/second\) does not use PAM \(UsePAM no\): the logins there are not guarded$/,
      remedy: "set UsePAM yes",
    },
    "an sshd whose command line turns PAM off": {
      plant:
        "/usr/sbin/sshd -p 2298 -o 'UsePAM no' -o PidFile=/run/third.pid; until [ -s /run/third.pid ]; do sleep 0.1; done",
      mend: "kill $(cat /run/third.pid); while [ -e /run/third.pid ]; do sleep 0.1; done",
      id: "unguarded",
      says: /^sshd \d+ \(-o UsePAM no -o PidFile=\/run\/third\.pid\) does not use PAM/,
      remedy: "set UsePAM yes",
    },
    "no flock": {
      plant: "mv /usr/bin/flock /root/",
      mend: "mv /root/flock /usr/bin/",
      id: "tools",
      says: "there is no flock, which a watchdog calls",
      remedy: "apt install --reinstall util-linux",
    },
    "no setsid": {
      plant: "mv /usr/bin/setsid /root/",
      mend: "mv /root/setsid /usr/bin/",
      id: "tools",
      says: "there is no setsid",
      remedy: "apt install --reinstall util-linux",
    },
    "no logger": {
      plant: "mv /usr/bin/logger /root/",
      mend: "mv /root/logger /usr/bin/",
      id: "tools",
      says: "there is no logger",
      remedy: "apt install --reinstall bsdutils",
      also: ["syslog"],
    },
    "no system log": {
      plant: "mv /dev/log /dev/log-away",
      mend: "mv /dev/log-away /dev/log",
      id: "syslog",
      says: /does not accept a record \(logger: socket \/dev\/log: No such file/,
      remedy: "start the syslog service",
    },
    "a system log that nobody reads": {
      plant:
        "mv /dev/log /dev/log-away; python3 -c 'import socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).bind(\"/dev/log\")'",
      mend: "mv /dev/log-away /dev/log",
      id: "syslog",
      says: /does not accept a record \(.*Connection refused/,
      remedy: "start the syslog service",
    },
    "an audit on a read-only file system": {
      plant: "mount --bind /var/log/afkill /var/log/afkill && mount -o remount,bind,ro /var/log/afkill",
      mend: "umount /var/log/afkill",
      id: "audit",
      says: "EROFS: read-only file system",
      remedy: "make /var/log/afkill/audit.jsonl writable",
    },
    "an audit on a full disk": {
      plant:
        "mount -t tmpfs -o size=64k,mode=750 none /var/log/afkill && head -c 60k /dev/zero >/var/log/afkill/old",
      mend: "umount /var/log/afkill",
      id: "audit",
      says: "the disk of /var/log/afkill is full",
      remedy: "free some space on it",
    },
    "an audit that leads elsewhere": {
      plant: "mv /var/log/afkill/audit.jsonl /root/; ln -s /etc/motd /var/log/afkill/audit.jsonl",
      mend: "mv /root/audit.jsonl /var/log/afkill/audit.jsonl",
      id: "audit",
      says: "ELOOP",
      remedy: "make /var/log/afkill/audit.jsonl writable",
    },
    "programs without a hook": {
      plant: `sed -i /afkill/d ${PAM}; rm ${PROGRAMS}/manifest.json`,
      mend: `${saved(PAM)}; ${saved(`${PROGRAMS}/manifest.json`)}`,
      id: "hook",
      says: "the programs are installed, but no hook is: no login is guarded",
      remedy: "sudo afkill install --hook pam",
      also: ["programs"],
    },
  };
  test.each(Object.entries(faults))("finds %s, and that it was mended", (_, fault) => mustFind(lab, fault));

  test("a login whose watchdog was killed, and that it is over", async () => {
    const ssh = lab.ssh("visitor");
    await ssh.waitFor(/visitor@lab/);
    await mustFind(lab, {
      plant: "pkill -KILL -f '[a]fkill/watchdog'",
      mend: "pkill -f '^sshd(-session)?: visitor'; while pgrep -f '^sshd(-session)?: visitor'; do sleep 0.1; done",
      id: "watchdogs",
      says: /the login of visitor \(uid \d+ from 127\.0\.0\.1, sshd \d+\) has no watchdog that runs as root/,
      remedy: "journalctl -t afkill",
    });
    await ssh.exit;
  });

  test("dropbear, with a login and without, and that it is gone", async () => {
    const dropbear = {
      plant: `mkdir -p /etc/dropbear && rm -f /etc/dropbear/key && dropbearconvert openssh dropbear /etc/ssh/ssh_host_ed25519_key /etc/dropbear/key
        dropbear -r /etc/dropbear/key -p 127.0.0.1:2297 -P /run/dropbear.pid; until [ -s /run/dropbear.pid ]; do sleep 0.1; done`,
      id: "unguarded",
      remedy: "use OpenSSH instead",
    };
    await mustFind(lab, {
      ...dropbear,
      mend: "kill $(cat /run/dropbear.pid); while pgrep -x dropbear; do sleep 0.1; done",
      says: /^dropbear \d+ accepts SSH logins \(0 open now\): afkill guards only/,
    });
    await lab.must(dropbear.plant);
    const ssh = lab.ssh("visitor", ["-p", "2297"]);
    await ssh.waitFor(/visitor@lab/);
    expect((await ask(lab)).bad).toMatchObject([
      { id: "unguarded", what: expect.stringContaining("(1 open now)") },
    ]);
    ssh.kill();
    await lab.must("pkill -x dropbear; while pgrep -x dropbear; do sleep 0.1; done");
    expect((await ask(lab)).bad).toEqual([]);
  });

  test("a login through an sshd that does not use PAM, which has no watchdog", async () => {
    await lab.must(`printf 'Port 2296\\nListenAddress 127.0.0.1\\nHostKey /etc/ssh/ssh_host_ed25519_key\\nPidFile /run/other.pid\\nUsePAM no\\n' >/etc/ssh/other
      /usr/sbin/sshd -f /etc/ssh/other; until [ -s /run/other.pid ]; do sleep 0.1; done`);
    const ssh = lab.ssh("visitor", ["-p", "2296"]);
    await ssh.waitFor(/visitor@lab/);
    const { bad, status } = await ask(lab);
    expect([status, bad.map(({ id }) => id).sort()]).toEqual([1, ["unguarded", "watchdogs"]]);
    expect(JSON.parse(await lab.must("afkill list --json"))).toMatchObject([
      { user: "visitor", state: "no watchdog" },
    ]);
    ssh.kill();
    await ssh.exit;
    await lab.must("kill $(cat /run/other.pid); while pgrep -f '^sshd: visitor'; do sleep 0.1; done");
    expect((await ask(lab)).bad).toEqual([]);
  });

  test("what ends nobody is no rival", async () => {
    await lab.must(`mkdir -p /etc/systemd/logind.conf.d /usr/lib/systemd/logind.conf.d
      printf '[Login]\\nStopIdleSessionSec=900\\n' >/usr/lib/systemd/logind.conf.d/z.conf
      printf '[Login]\\nStopIdleSessionSec=infinity\\n' >/etc/systemd/logind.conf.d/z.conf
      printf 'TMOUT=0\\nexport TMOUT\\nMY_TMOUT=5\\n# TMOUT=900\\n' >/etc/profile.d/tmout.sh
      echo 'ChannelTimeout session:*=0' >/etc/ssh/sshd_config.d/10-idle.conf`);
    expect((await ask(lab)).bad).toEqual([]);
    await lab.must(
      "rm /etc/systemd/logind.conf.d/z.conf /usr/lib/systemd/logind.conf.d/z.conf /etc/profile.d/tmout.sh /etc/ssh/sshd_config.d/10-idle.conf",
    );
  });

  test("a watchdog that is stopped, and that it goes on", async () => {
    const ssh = lab.ssh("visitor");
    await ssh.waitFor(/visitor@lab/);
    await mustFind(lab, {
      plant: "until pkill -STOP -f '[a]fkill/watchdog'; do sleep 0.1; done",
      mend: "pkill -CONT -f '[a]fkill/watchdog'",
      id: "watchdogs",
      says: /^the watchdog of the login of visitor \(uid \d+ .*\) is stopped \(state T in .*\): it guards nothing$/,
      remedy: /^kill -CONT \d+$/,
    });
    await mustFind(lab, {
      plant: "until pkill -STOP -P \"$(pgrep -d, -f '[a]fkill/watchdog')\" sleep; do sleep 0.1; done",
      mend: "pkill -CONT sleep",
      id: "watchdogs",
      says: "is stopped (state T in ",
      remedy: /^kill -CONT \d+$/,
    });
    ssh.kill();
    await ssh.exit;
  });

  test("what is harmless is not found", async () => {
    await lab.must(`sed -i '1i auth required pam_env.so user_readenv=0 # user_readenv=1' ${PAM}
      mount -o remount,hidepid=2 /proc; rm -r /var/log/afkill /run/afkill`);
    expect((await ask(lab)).bad).toEqual([]);
    await lab.must(
      `mount -o remount,hidepid=0 /proc; ${saved(PAM)}; mkdir -m 750 /var/log/afkill; touch /var/log/afkill/audit.jsonl; mkdir /run/afkill`,
    );
  });

  test("installing again mends programs that were damaged", async () => {
    await lab.must(
      `echo >>${PROGRAMS}/session; rm -r ${PROGRAMS}/dist/node_modules; chmod 600 ${PROGRAMS}/node`,
    );
    expect((await ask(lab)).status).toBe(1);
    await lab.must(install);
    expect(await ask(lab)).toMatchObject({ status: 0, bad: [] });
  });
});

describe("with hooks that run as the user", () => {
  let lab: Lab;
  const dropIn = "/etc/ssh/sshd_config.d/50-afkill.conf";
  const script = "/etc/profile.d/afkill.sh";
  const keys = "/home/visitor/.ssh/authorized_keys";
  beforeAll(async () => {
    lab = await startLab({ hook: "force-command" });
    await lab.install("profile");
    await lab.addUser("visitor");
    await lab.must("mkdir -p /root/saved/etc && cp -a /etc/ssh /etc/profile /etc/profile.d /root/saved/etc/");
  });
  afterAll(() => lab.stop());
  const restored = "cp -a /root/saved/etc/. /etc/";

  test("a clean install passes, with a login and without", async () => {
    const { status, bad, ids } = await ask(lab);
    expect({ status, bad }).toEqual({ status: 0, bad: [] });
    expect(ids).toEqual(
      "hook force-command forced-keys profile hidepid watchdogs rivals owners programs node age policy policy-names groups connections tools syslog".split(
        " ",
      ),
    );
    const ssh = lab.ssh("visitor");
    await ssh.waitFor(/visitor@lab/);
    expect((await ask(lab)).bad).toEqual([]);
    ssh.write("exit\r");
    await ssh.exit;
  });

  test("a host without ss lacks nothing", async () => {
    await lab.must("mv /usr/bin/ss /usr/bin/ss-away");
    expect((await ask(lab)).bad).toEqual([]);
    await lab.must("mv /usr/bin/ss-away /usr/bin/ss");
  });

  const faults: Record<string, Fault> = {
    "a hidden /proc": {
      plant: "mount -o remount,hidepid=2 /proc",
      mend: "mount -o remount,hidepid=0 /proc",
      id: "hidepid",
      says: /\/proc is mounted hidepid=(2|invisible): a watchdog that runs as its user cannot see its login/,
      remedy: "sudo afkill install --hook pam",
    },
    "a key that is restricted by command=": {
      plant: `cp -a ${keys} /root/keys; echo 'command="backup" ssh-ed25519 AAAA' >>${keys}`,
      mend: `cp -a /root/keys ${keys}`,
      id: "forced-keys",
      says: `${keys}:2: a key restricted by command=, which afkill's ForceCommand cancels`,
      remedy: "use --hook pam instead",
    },
    "keys that nobody can list": {
      plant: "echo 'TrustedUserCAKeys /etc/ssh/ssh_host_ed25519_key.pub' >>/etc/ssh/sshd_config",
      mend: restored,
      id: "forced-keys",
      level: "warning",
      says: "TrustedUserCAKeys, whose certificates may be restricted to a command",
      remedy: "use --hook pam instead",
    },
    "a drop-in that is gone": {
      plant: `rm ${dropIn}`,
      mend: restored,
      id: "force-command",
      says: `${dropIn} has no ForceCommand of afkill:`,
      remedy: "sudo afkill install --hook force-command",
    },
    "another ForceCommand before ours": {
      plant: "echo 'ForceCommand /bin/false' >>/etc/ssh/sshd_config.d/00-lab.conf",
      mend: restored,
      id: "force-command",
      says: "sshd uses another ForceCommand instead of afkill's: /bin/false",
      remedy: `remove the ForceCommand that comes before ${dropIn}`,
      also: ["forced-keys"],
    },
    "a configuration that reads no drop-ins": {
      plant: "sed -i '/^Include/d' /etc/ssh/sshd_config",
      mend: restored,
      id: "force-command",
      says: "does not include /etc/ssh/sshd_config.d",
      remedy: 'put "Include /etc/ssh/sshd_config.d/*.conf" at its top',
    },
    "a script that is gone": {
      plant: `rm ${script}`,
      mend: restored,
      id: "profile",
      says: `${script} does not start a watchdog`,
      remedy: "sudo afkill install --hook profile",
    },
    "a script that users cannot read": {
      plant: `chmod 600 ${script}`,
      mend: `chmod o+r ${script}`,
      id: "profile",
      says: `${script} cannot be read by users`,
      remedy: `chmod o+r ${script}`,
    },
    "a host whose shells read no /etc/profile.d": {
      plant: "echo : >/etc/profile",
      mend: restored,
      id: "profile",
      says: "/etc/profile does not read /etc/profile.d/*.sh on this host",
      remedy: "use --hook pam",
    },
    "a policy that users cannot read": {
      plant: "chmod 600 /etc/afkill/afkill.toml",
      mend: "chmod o+r /etc/afkill/afkill.toml",
      id: "policy",
      says: "/etc/afkill/afkill.toml cannot be read by users: their watchdogs need it",
      remedy: "chmod o+r /etc/afkill/afkill.toml",
    },
  };
  test.each(Object.entries(faults))("finds %s, and that it was mended", (_, fault) => mustFind(lab, fault));

  test("a login whose user has killed the watchdog, or stopped it, is worth a look, and no error", async () => {
    const ssh = lab.ssh("visitor");
    await ssh.waitFor(/visitor@lab/);
    await mustFind(lab, {
      plant: "until pkill -STOP -f '[a]fkill/watchdog'; do sleep 0.1; done",
      mend: "pkill -CONT -f '[a]fkill/watchdog'",
      id: "watchdogs",
      level: "warning",
      says: "is stopped (state T in ",
      remedy: "kill -CONT ",
    });
    await mustFind(lab, {
      plant: "until pkill -KILL -f '[a]fkill/watchdog'; do sleep 0.1; done",
      mend: "pkill -f '^sshd(-session)?: visitor'; while pgrep -f '^sshd(-session)?: visitor'; do sleep 0.1; done",
      id: "watchdogs",
      level: "warning",
      says: /the login of visitor .* has no watchdog: it began before/,
      remedy: "--hook pam guards every login",
    });
    await ssh.exit;
  });
});

test("where nothing is installed it says so", async () => {
  await using lab = await startLab();
  expect(await ask(lab)).toMatchObject({
    status: 1,
    state: "error",
    bad: [
      {
        id: "hook",
        what: "afkill is not installed: no login is guarded",
        remedy: "sudo afkill install --hook pam",
      },
    ],
  });
});

test("a login older than the hook is worth a look, and no error", async () => {
  await using lab = await startLab();
  await lab.addUser("visitor");
  const ssh = lab.ssh("visitor");
  await ssh.waitFor(/visitor@lab/);
  await lab.install("pam");
  expect(await ask(lab)).toMatchObject({
    status: 0,
    state: "warning",
    bad: [
      {
        id: "watchdogs",
        level: "warning",
        what: expect.stringContaining("it began before the hook was installed"),
      },
    ],
  });
});

test("a ForceCommand with a scope: a restricted key may be within it", async () => {
  await using lab = await startLab();
  await lab.addUser("visitor", { groups: ["staff"] });
  await lab.must(
    `${lab.node} ${lab.checkout}/dist/cli.js install --hook force-command --match 'Group staff'`,
  );
  expect((await ask(lab)).bad).toEqual([]);
  await addRestrictedKey(lab, "visitor");
  expect(await ask(lab)).toMatchObject({
    status: 0,
    bad: [
      {
        id: "forced-keys",
        level: "warning",
        what: expect.stringContaining("if its Match block applies to the user"),
      },
    ],
  });
});
