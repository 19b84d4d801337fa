// Whatever breaks while a terminal is locked, on a real sshd with real PAM: what was stopped runs again or the login has ended.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { memoryLimit } from "../lab/memory.ts";
import { isPrivilegedOf } from "../lab/processes.ts";
import {
  addUserWithPassword,
  answer,
  auditWith,
  LOCKED,
  stoppedOf,
  unlock,
  waitForLock,
} from "../support/lock.ts";
import {
  type AtTerminal,
  atTerminal,
  dieAt,
  isAsBefore,
  isGone,
  isWhole,
  lockerOf,
  lockNow,
  makeLockersMortal,
  stateOf,
  works,
} from "../support/lock-faults.ts";
import { atPrompt, auditOf, auditWithEnd, SOON } from "../support/logins.ts";
import { makeModule } from "../support/pam.ts";

const POLICY = `idle_timeout = "30m"
at_limit = "lock"
lock_max = "off"
warn_before = ["1s"]
[[rule]]
match = { users = ["old"] }
max_login = "50s"
warn_before = ["20s", "10s"]
[[rule]]
match = { users = ["full", "both"] }
idle_timeout = "20s"
warn_before = ["5s"]
[[rule]]
match = { users = ["last"] }
idle_timeout = "20s"
warn_before = ["5s"]
at_limit = "end"
`;

/** Only for one user; for all others the next line is left out. */
const only = (user: string, rule: string) =>
  `auth [success=ignore default=1] pam_succeed_if.so quiet user = ${user}\n${rule}\n`;
const CODE = "/opt/pam_code.so";
const WRONG = "needle-of-a-wrong-answer";
const RIGHT = "correct horse";

/** As a background job it tries to read what is typed once its terminal is locked, with everything that it may do. */
const HOSTILE = `import os, signal, termios, time
for each in (signal.SIGTTIN, signal.SIGTTOU): signal.signal(each, signal.SIG_IGN)
fd = os.open("/dev/tty", os.O_RDWR | os.O_NONBLOCK)
shell = os.getppid()
def attempt(act):
    try: return act()
    except OSError: pass
    except termios.error: pass
def echo():
    state = termios.tcgetattr(fd)
    state[3] |= termios.ECHO | termios.ICANON | termios.ISIG
    termios.tcsetattr(fd, termios.TCSANOW, state)
print("begun", flush=True)
while os.fstat(fd).st_uid != 0: time.sleep(0.01)
with open("stolen", "ab", buffering=0) as stolen:
    while os.fstat(fd).st_uid == 0:
        attempt(echo)
        attempt(lambda: os.tcsetpgrp(fd, os.getpgrp()))
        stolen.write(attempt(lambda: os.read(fd, 1000)) or b"")
        time.sleep(0.01)
attempt(lambda: os.tcsetpgrp(fd, shell))
`;

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ hook: "pam", policy: POLICY });
  await makeLockersMortal(lab);
  await lab.write(CODE, readFileSync(makeModule()), 0o755);
  const service = await lab.read("/etc/pam.d/afkill");
  await lab.write(
    "/etc/pam.d/afkill",
    `${only("hangs", "auth requisite pam_exec.so /usr/bin/sleep 1000")}${only("crashes", `auth requisite ${CODE} crash`)}${only("missing", "auth requisite pam_of_nobody.so")}${service}${only("factor", `auth required ${CODE}`)}`,
  );
  await lab.write("/opt/hostile.py", HOSTILE);
});
afterAll(() => lab?.stop());

/** A user with a password, at their prompt. */
async function arrive(user: string): Promise<AtTerminal> {
  await addUserWithPassword(lab, user);
  return atTerminal(lab, user);
}

/** The same, with the terminal locked. */
async function arriveLocked(user: string): Promise<AtTerminal> {
  const at = await arrive(user);
  await lockNow(lab, at);
  return at;
}

describe.concurrent("a locker that is killed", () => {
  test.each([
    ["before", "the record is there", "before linkSync lock 1"],
    ["empty", "there is a record, and nothing is stopped", "after linkSync lock 1"],
    ["named", "the record names what is about to be stopped", "after renameSync lock 2"],
    ["stopped", "the shell is stopped", "before renameSync lock 3"],
    ["owned", "the terminal is root's", "after fchmodSync pts 1"],
    ["asked", "the terminal has told its state", "after openSync screen 1"],
  ])("(%s) when %s", async (user, _, where) => {
    const at = await arrive(user);
    await dieAt(lab, at.number, where);
    void lab.run(`afkill lock ${user}`);
    const [first] = await auditWith(lab, user, "lock");
    expect(first?.outcome).toMatch(/not locked: .*SIGKILL/);
    await isAsBefore(lab, at);
    await works(at);
    await dieAt(lab, at.number, undefined);
    await isWhole(lab, at);
  });

  test("while it stands, or by SIGTERM: the terminal is given back, and the audit knows", async () => {
    const at = await arriveLocked("killed");
    await lab.must(`kill -KILL ${await lockerOf(lab, at)}`);
    await isWhole(lab, at);
    await lockNow(lab, at);
    await lab.must(`kill -TERM ${await lockerOf(lab, at)}`);
    await isWhole(lab, at);
    const unlocked = (await auditOf(lab, "killed")).filter(({ action }) => action === "unlock");
    expect(unlocked.map(({ cause }) => cause)).toEqual(["fault", "password", "fault", "password"]);
  });

  test("while it asks: who asks PAM dies with it", async () => {
    const at = await arriveLocked("asking");
    at.ssh.write("\r");
    await at.ssh.waitFor(/Password:/);
    const locker = await lockerOf(lab, at);
    const asker = lab.processes().find(({ ppid }) => ppid === locker);
    expect(asker?.cmdline.join(" ")).toContain("ask-pam");
    at.ssh.write("half of it");
    await lab.must(`kill -KILL ${locker}`);
    await vi.waitFor(() => expect(lab.processes().map(({ pid }) => pid)).not.toContain(asker?.pid), SOON);
    await isWhole(lab, at);
  });

  test("for lack of memory", async () => {
    using limit = memoryLimit(1 << 20);
    if (!limit) return;
    const at = await arriveLocked("starved");
    const locker = (await lockerOf(lab, at)) ?? 0;
    limit.add(lab, locker);
    at.ssh.write("\rsomething\r");
    await vi.waitFor(() => {
      const isThere = lab.processes().some(({ pid }) => pid === locker);
      expect(isThere && !/PAM ended|PAM was not asked/.test(at.ssh.screen())).toBe(false);
    }, SOON);
    limit.lift();
    if (LOCKED.test(at.ssh.screen()) && lab.processes().some(({ pid }) => pid === locker)) {
      await waitForLock(at.ssh);
      await unlock(at.ssh);
    }
    await isWhole(lab, at);
  });

  test("by its user, or that its user lets continue: neither is possible", async () => {
    const at = await arriveLocked("mighty");
    const second = await atPrompt(lab, "mighty");
    const locker = await lockerOf(lab, at);
    second.write(`kill -9 ${locker}; echo status=$?\r`);
    await second.waitFor(/Operation not permitted/);
    const [shell] = stoppedOf(lab, "mighty");
    for (let n = 0; n < 3; n++) second.write(`kill -CONT ${shell?.pid}\r`);
    await vi.waitFor(() => expect(stoppedOf(lab, "mighty")).toHaveLength(1), SOON);
    expect(at.ssh.screen()).toMatch(LOCKED);
    second.write("exit\r");
    await second.exit;
    await waitForLock(at.ssh);
    await unlock(at.ssh);
    await isAsBefore(lab, at);
  });
});

describe.concurrent("a locked terminal", () => {
  test.each([["hangs"], ["crashes"], ["missing"]])("with a module of PAM that %s", async (user) => {
    const at = await arriveLocked(user);
    at.ssh.write("\r");
    if (user === "hangs")
      await vi.waitFor(() => expect(lab.processes().map(({ comm }) => comm)).toContain("sleep"), SOON);
    else await at.ssh.waitFor(/PAM|module|Module/);
    expect(at.ssh.screen()).toMatch(LOCKED);
    expect((await auditOf(lab, user)).map(({ action }) => action)).toEqual(["lock"]);
    await lab.must(`afkill unlock ${user}`);
    await isAsBefore(lab, at);
    await works(at);
    const left = lab
      .processes()
      .filter(({ cmdline }) => /ask-pam.*"hangs"|sleep 1000/.test(cmdline.join(" ")));
    expect(user === "hangs" ? left : []).toEqual([]);
  });

  test("whose client is killed, and one whose line is hung up: nothing of the login stays", async () => {
    const [left, hungUp] = await Promise.all([arriveLocked("left"), arriveLocked("hungup")]);
    left.ssh.kill();
    const python = `import fcntl, os, sys; fcntl.ioctl(os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY), 0x5437)`;
    await lab.must(`/usr/bin/python3 -c '${python}' /dev/pts/${hungUp.number}`);
    await Promise.all([isGone(lab, left), isGone(lab, hungUp)]);
  });

  test("whose window is resized: the lock follows, and so does the program after it", async () => {
    const at = await arriveLocked("resized");
    at.ssh.resize(40, 10);
    await vi.waitFor(() => expect(at.ssh.screen()).toMatch(/locked[\s\S]*unlock/), SOON);
    at.ssh.resize(100, 30);
    await waitForLock(at.ssh);
    await unlock(at.ssh);
    await isAsBefore(lab, at);
    at.ssh.write("stty size; echo $LINES $COLUMNS\r");
    await at.ssh.waitFor(/^30 100\s+^30 100/m);
  });

  test("of a login that lasts too long: no notice is written over the lock, and the login ends", async () => {
    const at = await arriveLocked("old");
    let drawn = "";
    at.ssh.onOutput((data) => {
      drawn += data;
    });
    await at.ssh.exit;
    expect((await auditWithEnd(lab, "old")).at(-1)).toMatchObject({ cause: "max_login", ended: true });
    expect(drawn).not.toMatch(/closes in/);
    await isGone(lab, at);
  });

  test("that is asked for a lock again and again, at its limit too, has one locker", async () => {
    const at = await arrive("both");
    await at.ssh.waitFor(/locks in/);
    for (let n = 0; n < 8; n++) {
      await lab.run("afkill lock both & afkill lock both & wait");
      if (LOCKED.test(at.ssh.screen())) break;
    }
    await waitForLock(at.ssh);
    const lockers = lab.processes().filter(({ cmdline }) => cmdline.join(" ").includes("dist/locker.js"));
    const locker = await lockerOf(lab, at);
    expect(lockers.filter(({ pid }) => pid === locker)).toHaveLength(1);
    await unlock(at.ssh);
    await isAsBefore(lab, at);
    expect((await auditOf(lab, "both")).filter(({ action }) => action === "lock")).toHaveLength(1);
    // It would lock again.
    at.ssh.kill();
    await isGone(lab, at);
  });

  test("without its watchdog is unlocked all the same", async () => {
    const at = await arriveLocked("unwatched");
    const sshd = privilegedOf("unwatched");
    const watchdog = lab.processes().find(({ cmdline }) => cmdline.join(" ").endsWith(`/watchdog ${sshd}`));
    await lab.must(`kill -KILL ${watchdog?.pid}`);
    await unlock(at.ssh);
    await isAsBefore(lab, at);
    await works(at);
  });

  test("whose record is wiped: it is written again, and so is the door", async () => {
    const at = await arriveLocked("wiped");
    const directory = (await lab.must(`dirname /run/afkill/*/lock-${at.number}`)).trim();
    await lab.must(`rm -rf ${directory} /run/afkill/unlock/${at.number}.sock`);
    await vi.waitFor(async () => expect(await lockerOf(lab, at)).toBeDefined(), SOON);
    await vi.waitFor(
      async () => expect((await lab.run(`test -S /run/afkill/unlock/${at.number}.sock`)).status).toBe(0),
      SOON,
    );
    await lab.must("afkill unlock wiped");
    await isWhole(lab, at);
    await lockNow(lab, at);
    await lab.must(`rm -rf ${directory}`);
    await vi.waitFor(async () => expect(await lockerOf(lab, at)).toBeDefined(), SOON);
    await lab.must(`kill -KILL ${await lockerOf(lab, at)}`);
    await isWhole(lab, at);
  });

  test("that cannot be recorded is not locked: it closes, and nothing stays stopped", async () => {
    const at = await arrive("full");
    const id = await vi.waitFor(
      async () => (await lab.must(`ls -d /run/afkill/${privilegedOf("full")}-*`)).trim(),
      SOON,
    );
    await lab.must(
      `cp -a ${id} /tmp/kept && mount -t tmpfs -o size=16k,mode=700 tmpfs ${id} && cp -a /tmp/kept/. ${id} && { cat /dev/zero >${id}/full 2>/dev/null || :; }`,
    );
    await at.ssh.exit;
    const [lock] = (await auditOf(lab, "full")).filter(({ action }) => action === "lock");
    expect(lock?.outcome).toMatch(/not locked: .*ENOSPC/);
    await isGone(lab, at);
    await lab.must(`umount ${id} 2>/dev/null || :`);
  });

  test("with a background job that wants to read what is typed: it reads nothing, and switches no echo on", async () => {
    const at = await arrive("hostile");
    at.ssh.write("/usr/bin/python3 /opt/hostile.py &\r");
    await at.ssh.waitFor(/begun/);
    await lockNow(lab, at);
    // It takes the foreground at once, and is stopped at the next look.
    await vi.waitFor(
      () => expect(stoppedOf(lab, "hostile").map(({ comm }) => comm)).toContain("python3"),
      SOON,
    );
    await answer(at.ssh, WRONG);
    await auditWith(lab, "hostile", "wrong-answer");
    await waitForLock(at.ssh);
    expect(at.ssh.output).not.toContain(WRONG);
    await unlock(at.ssh);
    expect(at.ssh.output).not.toContain(RIGHT);
    expect(await lab.read("/home/hostile/stolen")).toBe("");
    await vi.waitFor(() => expect(stoppedOf(lab, "hostile")).toEqual([]), SOON);
  });

  test("with a second factor: two prompts, and only the code is seen", async () => {
    const at = await arriveLocked("factor");
    await answer(at.ssh, RIGHT);
    await at.ssh.waitFor(/Code: $/m);
    at.ssh.write("12345");
    await at.ssh.waitFor(/Code: 12345/);
    at.ssh.write("6\r");
    await at.ssh.waitFor(() => !LOCKED.test(at.ssh.screen()));
    await isAsBefore(lab, at);
    expect(at.ssh.output).not.toContain(RIGHT);
    await works(at);
  });

  test("keeps an answer secret: it is in no memory, file, title or queue", async () => {
    const at = await arriveLocked("secret");
    await answer(at.ssh, WRONG);
    await auditWith(lab, "secret", "wrong-answer");
    await waitForLock(at.ssh);
    const locker = await lockerOf(lab, at);
    const scan = `import re, sys
needle = sys.argv[2][::-1].encode()
found = 0
with open(f"/proc/{sys.argv[1]}/mem", "rb", 0) as memory:
    for line in open(f"/proc/{sys.argv[1]}/maps"):
        at, to, rights = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\\S+)", line).groups()
        try:
            memory.seek(int(at, 16)); found += memory.read(int(to, 16) - int(at, 16)).count(needle)
        except (OSError, ValueError, OverflowError): pass
print(found)`;
    await lab.write("/opt/scan.py", scan);
    // Backwards, so that the scan's own title is not found.
    const countOf = async (text: string) => {
      const backwards = [...text].reverse().join("");
      return Number(await lab.must(`/usr/bin/python3 /opt/scan.py ${locker} '${backwards}'`));
    };
    expect(await countOf("Press Enter to unlock")).toBeGreaterThan(0);
    expect(await countOf(WRONG)).toBe(0);
    expect(await lab.must(`grep -Ei 'core file size' /proc/${locker}/limits`)).toMatch(/size\s+0\s+0/);
    // Typed in one piece with more: what follows the answer is nobody's.
    at.ssh.write("\r");
    await at.ssh.waitFor(/Password:/);
    at.ssh.write(`${RIGHT}\rtouch from-the-queue\r`);
    await at.ssh.waitFor(() => !LOCKED.test(at.ssh.screen()));
    await works(at);
    expect(await lab.must("ls /home/secret")).toBe("");
    expect(at.ssh.output).not.toMatch(new RegExp(`${WRONG}|${RIGHT}`));
  });
});

describe.concurrent("a check that is killed", () => {
  test("between the freeze of a last line and its thaw: what it stopped goes on at once", async () => {
    const at = await arrive("last");
    const shell = lab.processes().find((it) => it.user === "last" && it.comm === "bash");
    await at.ssh.waitFor(/closes in/);
    const check = lab.processes().find(({ cmdline, ppid }) => {
      const words = cmdline.join(" ");
      return (
        words.includes("check.js") && ppid !== 0 && words.includes(`--privileged ${privilegedOf("last")}:`)
      );
    });
    expect(check).toBeDefined();
    await lab.must(
      `until grep -q '^State:.T' /proc/${shell?.pid}/status; do :; done; kill -KILL ${check?.pid}`,
    );
    // The next check comes half a minute later.
    await vi.waitFor(() => expect(stoppedOf(lab, "last")).toEqual([]), { timeout: 10_000, interval: 50 });
    expect(lab.processes().some((it) => it.pid === shell?.pid)).toBe(true);
    expect(await stateOf(lab, at.number)).toBe(at.before);
    await at.ssh.exit;
    await isGone(lab, at);
  });
});

test.concurrent("`afkill end` that is killed between the freeze of a last line and its thaw: the watchdog thaws", async () => {
  const at = await arrive("ended");
  const shell = lab.processes().find((it) => it.user === "ended" && it.comm === "bash");
  await lab.run(`afkill end --yes ended & program=$!
    until grep -q '^State:.T' /proc/${shell?.pid}/status; do :; done; kill -KILL $program $(pgrep -P $program)`);
  await vi.waitFor(() => expect(stoppedOf(lab, "ended")).toEqual([]), SOON);
  await works(at);
});

/** The pid of the privileged sshd of a user. */
function privilegedOf(user: string): number | undefined {
  return lab.processes().find(({ cmdline }) => isPrivilegedOf(user, cmdline))?.pid;
}

describe("afterwards", () => {
  test("no answer is in any file, title or environment, no core was written, and nothing is stopped", async () => {
    for (const needle of [WRONG, RIGHT]) {
      const found = await lab.run(
        `grep -rl '[${needle[0]}]${needle.slice(1)}' /var/log /run /tmp /home /etc /var/lib /root /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null`,
      );
      expect(found.stdout).toBe("");
    }
    const cores = await lab.run(
      "find /home /tmp /var/lib/systemd /var/crash /root /run /core* -name 'core*' -type f 2>/dev/null",
    );
    expect(cores.stdout).toBe("");
    expect(lab.processes().filter(({ state }) => /^[Tt]$/.test(state))).toEqual([]);
  });
});

describe.concurrent("a host that changes", () => {
  test("loses its Node and then a locker, or the rules of PAM: the programs continue, and administrators unlock", async () => {
    await using host = await startLab({ hook: "pam", policy: POLICY });
    await Promise.all(["kept", "lost"].map((user) => addUserWithPassword(host, user)));
    const [kept, lost] = [await atTerminal(host, "kept"), await atTerminal(host, "lost")];
    await host.must("mv /etc/pam.d/afkill /root/service");
    await lockNow(host, lost);
    lost.ssh.write("\r");
    await host.must("afkill unlock lost; mv /root/service /etc/pam.d/afkill");
    await isAsBefore(host, lost);
    await works(lost);
    await lockNow(host, kept);
    await lockNow(host, lost);
    // A check that still runs has its Node.
    const checks = () => host.nodes().filter(({ cmdline }) => cmdline.join(" ").includes("/check.js"));
    await vi.waitFor(() => expect(checks()).toEqual([]), SOON);
    await host.must(`mv /usr/lib/afkill/node /root/node; kill -KILL ${await lockerOf(host, lost)}`);
    await isAsBefore(host, lost);
    expect(await host.syslog()).toMatch(/the locker of pts\/\d+ is gone/);
    // What stands still stands: it cannot ask PAM, and says so.
    kept.ssh.write("\r");
    await kept.ssh.waitFor(/PAM was not asked/);
    await host.must("mv /root/node /usr/lib/afkill/node");
    await waitForLock(kept.ssh);
    await unlock(kept.ssh);
    await isAsBefore(host, kept);
    lost.ssh.write("\u0015\r\fecho alive-$((6 * 7))\r");
    await lost.ssh.waitFor(/^alive-42/m);
  });

  test("is upgraded, or loses afkill: a lock stays, or is given back", async () => {
    await using host = await startLab({ hook: "pam", policy: POLICY });
    await addUserWithPassword(host, "visitor");
    const at = await atTerminal(host, "visitor");
    await lockNow(host, at);
    const locker = await lockerOf(host, at);
    await host.install("pam");
    await answer(at.ssh, WRONG);
    await vi.waitFor(
      async () => expect((await auditOf(host, "visitor")).at(-1)?.action).toBe("wrong-answer"),
      SOON,
    );
    expect(await lockerOf(host, at)).toBe(locker);
    await waitForLock(at.ssh);
    await unlock(at.ssh);
    await isAsBefore(host, at);
    await lockNow(host, at);
    await host.must("afkill uninstall");
    await isAsBefore(host, at);
    await works(at);
    await host.install("pam");
    await lockNow(host, at);
    await host.must("afkill uninstall --purge");
    await isAsBefore(host, at);
    await works(at);
    const left =
      "ls -d /etc/afkill /usr/lib/afkill /var/log/afkill /usr/sbin/afkill /etc/pam.d/afkill 2>/dev/null";
    expect((await host.run(`sleep 3; ${left}`)).stdout).toBe("");
    expect(host.nodes()).toEqual([]);
  });
});
