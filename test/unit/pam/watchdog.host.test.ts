import { expect, test, vi } from "vitest";
import { describeAsRoot } from "../../support/root.ts";
import {
  AWAKE,
  BOOT_S,
  type Ran,
  runWatchdog,
  type Scenario,
  WALL_S,
} from "../../support/virtual-watchdog.ts";

const firstCheckIn = (seconds: number) => `mkdir /run/afkill; echo ${seconds} >/run/afkill/first-check`;
const times = (ran: Ran) => ran.checks.map(({ atS }) => atS);
const history = (ran: Ran) => ran.checks.map(({ args }) => args.clock);
/** With its parent: process 1 then asks for it, as the sshd that listens does. */
const KILL_PRIVILEGED =
  "p=$(tail -n 1 $T/pids); kill -9 $(ps -o ppid= -p $p) $p; while [ -e /proc/$p ]; do :; done";
const START = `start ${BOOT_S + 1} ${WALL_S + 1};${AWAKE}`;

// Each scenario forks some thousand times.
vi.setConfig({ testTimeout: 60_000 });

describeAsRoot.each(["/bin/dash", "/bin/bash"])("the watchdog in %s", (shell) => {
  const run = (scenario: Omit<Scenario, "shell">) => runWatchdog({ ...scenario, shell });

  test("sleeps until the first check is due, in slices, the last one just long enough", async () => {
    const ran = await run({ before: firstCheckIn(50), onNap: "[ $n -lt 5 ] || end" });
    expect(ran.naps).toEqual([1, 20, 20, 9, 20]);
    expect(times(ran)).toEqual([50]);
    expect(ran.status).toBe(0);
  });

  test("tells the check of its login, and nothing is left when that is gone", async () => {
    const ran = await run({ onNap: "[ $n -lt 2 ] || end" });
    const [check] = ran.checks;
    expect(check?.args).toEqual({
      "no-warnings": "/usr/lib/afkill/dist/check.js",
      privileged: expect.stringMatching(/^\d+:\d+$/),
      child: expect.stringMatching(/^\d+:\d+$/),
      state: expect.stringMatching(/^\/run\/afkill\/\d+-\d+$/),
      config: "/etc/afkill/afkill.toml",
      clock: START,
    });
    expect(ran.left).toEqual([]);
  });

  test("has the age of its login judged where a look hangs", async () => {
    const ran = await run({
      onNap: "[ $n -lt 3 ] || end",
      onCheck: 'case "$*" in *--blind*) echo "it hung"; exit 1;; *) kill -ALRM $$;; esac',
    });
    expect(ran.checks.map(({ args }) => "blind" in args)).toEqual([false, true]);
    expect(ran.log).toEqual([
      expect.stringContaining("check failed with status 1, the login is left alone: it hung"),
    ]);
  });

  test("does not take what root's only sshd has started for a child of its own", async () => {
    const ran = await run({ title: "sshd: root@pts/0", onNap: "[ $n -lt 2 ] || end" });
    expect(ran.checks.map(({ args }) => Object.keys(args).includes("child"))).toEqual([false]);
  });

  test("goes before it has done anything when its login was a short one", async () => {
    const ran = await run({ onNap: "end" });
    expect(ran).toEqual({ naps: [1], checks: [], log: [], told: [], dates: 0, left: [], status: 0 });
  });

  test("lives while one of the two sshds does", async () => {
    const ran = await run({
      onNap: "case $n in 3) kill -9 $(tail -n 1 $T/pids); gone $(tail -n 1 $T/pids);; 6) end;; esac",
      onCheck: "echo 20",
    });
    expect(times(ran)).toEqual([1, 21, 41, 61, 81]);
    expect(ran.checks[4]?.args.child).toBe(ran.checks[0]?.args.child);
  });

  test.each([
    ["before it looked", { before: KILL_PRIVILEGED, onNap: "[ $n -lt 3 ] || end" }],
    ["before it looked for the child", { onNap: `case $n in 1) ${KILL_PRIVILEGED};; 3) end;; esac` }],
  ])("guards the child of a privileged sshd that was killed %s", async (_, scenario) => {
    const ran = await run({ ...scenario, onCheck: "echo 20" });
    expect(times(ran)).toEqual([1, 21]);
    expect(ran.checks.map(({ args }) => "child" in args)).toEqual([true, true]);
  });

  test("does not take another process with the same pid for its login", async () => {
    const reuse =
      "end; echo $(($(head -n 1 $T/pids) - 1)) >/proc/sys/kernel/ns_last_pid; $T/child/sshd 600 & echo $! >$T/now";
    const ran = await run({
      onNap: `case $n in 3) ${reuse}; cmp $T/now - <<END || exit
$(head -n 1 $T/pids)
END
      : >$T/log;; 9) end;; esac`,
    });
    expect(ran.naps).toHaveLength(3);
  });

  test("comes at once when nobody has reckoned the first check yet, or a policy came after that", async () => {
    const newer = `${firstCheckIn(500)}; touch -d '1 hour ago' /run/afkill/first-check; : >/etc/afkill/afkill.toml`;
    expect(times(await run({ onNap: "[ $n -lt 2 ] || end" }))).toEqual([1]);
    expect(times(await run({ before: newer, onNap: "[ $n -lt 2 ] || end" }))).toEqual([1]);
    expect(times(await run({ before: firstCheckIn(500), onNap: "[ $n -lt 3 ] || end" }))).toEqual([]);
  });

  test.each(["-5", "5x", "", "99999999999"])("does not believe a first check of '%s'", async (text) => {
    const before = `mkdir /run/afkill; echo '${text}' >/run/afkill/first-check`;
    expect(times(await run({ before, onNap: "[ $n -lt 2 ] || end" }))).toEqual([1]);
  });

  test.each([
    "echo x >/etc/afkill/afkill.toml",
    "rm /etc/afkill/afkill.toml",
    "echo x >/etc/afkill/afkill.d/new.toml",
    "echo x >/etc/afkill/afkill.d/old.toml",
    "rm -r /etc/afkill/afkill.d",
  ])("checks within a slice when the policy changes: %s", async (change) => {
    const policy = "mkdir /etc/afkill/afkill.d; touch /etc/afkill/afkill.toml /etc/afkill/afkill.d/old.toml";
    const old = "find /etc/afkill -exec touch -d '1 hour ago' {} +";
    const before = `${policy}; ${old}; ${firstCheckIn(500)}`;
    const ran = await run({ before, onNap: `case $n in 3) ${change};; 5) end;; esac` });
    expect(times(ran)).toEqual([41]);
  });

  test("reads a policy from the future once", async () => {
    const touch = "touch -d '1 day' /etc/afkill/afkill.toml";
    const ran = await run({ before: firstCheckIn(500), onNap: `case $n in 3) ${touch};; 8) end;; esac` });
    expect(times(ran)).toEqual([41]);
  });

  test.each([86_400, -86_400, 3, -3])("notes a clock stepped by %d s, and checks", async (by) => {
    const ran = await run({ before: firstCheckIn(500), onNap: `case $n in 3) step ${by};; 6) end;; esac` });
    expect(times(ran)).toEqual([41]);
    const [from, to] = [BOOT_S + 21, BOOT_S + 41];
    expect(history(ran)).toEqual([`${START};step ${from} ${WALL_S + 21} ${to} ${WALL_S + 41 + by}`]);
  });

  test("takes a clock that is set right by 2 s, and a sleep that is late by 5 s, for what they are", async () => {
    const ran = await run({
      before: firstCheckIn(500),
      onNap: "case $n in 3) step 2;; 4) step -2;; 5) late 5;; 30) end;; esac",
      onCheck: "echo 20",
    });
    expect(times(ran)[0]).toBe(500);
    expect(history(ran)[0]).toBe(START);
  });

  test.each(["skip", "late"])(
    "leaves it to the check what a long sleep was (%s), and does not hurry it",
    async (how) => {
      const ran = await run({
        before: firstCheckIn(500),
        onNap: `case $n in 3) ${how} 300;; 20) end;; esac`,
      });
      expect(times(ran)).toEqual([500]);
      expect(history(ran)).toEqual([`${START};gap ${BOOT_S + 41} ${BOOT_S + 341}`]);
    },
  );

  test("comes when it is due by the login's beginning, however long the first nap took", async () => {
    const ran = await run({ before: firstCheckIn(60), onNap: "case $n in 1) late 40;; 5) end;; esac" });
    expect(times(ran)).toEqual([60]);
    expect(ran.checks[0]?.args.clock).toBe(
      `start ${BOOT_S + 41} ${WALL_S + 41};${AWAKE};gap ${BOOT_S + 1} ${BOOT_S + 41}`,
    );
  });

  test("has its notes of long sleeps taken over before it forgets one", async () => {
    const ran = await run({ before: firstCheckIn(9000), onNap: "[ $n -lt 22 ] && late 10 || end" });
    expect(history(ran)[0]?.split(";gap")).toHaveLength(21);
    expect(times(ran)).toHaveLength(2);
  });

  test("says nothing of what was suspended where that cannot be read", async () => {
    const ran = await run({
      before: "umount /proc/timer_list; mount --bind /dev/null /proc/timer_list",
      onNap: "[ $n -lt 2 ] || end",
    });
    expect(history(ran)).toEqual([`start ${BOOT_S + 1} ${WALL_S + 1}`]);
  });

  test("keeps the start and the last twenty entries", async () => {
    const ran = await run({ onNap: "[ $n -lt 25 ] && skip 100 || end", onCheck: "echo 20" });
    const entries = history(ran).at(-1)?.split(";") ?? [];
    expect(entries).toHaveLength(22);
    expect(entries[0]).toBe("start 1101 1700000101");
    expect(entries.at(-1)).toBe(`gap ${BOOT_S + 24 * 120 - 119} ${BOOT_S + 24 * 120 - 19}`);
  });

  test("does not take a machine that was slow to tell the time for one whose clock was stepped", async () => {
    const slow = "[ $(cat $T/n) != 3 ] || skip 4";
    const ran = await run({
      before: `${firstCheckIn(500)}; echo '${slow}' >>$T/date`,
      onNap: "[ $n -lt 6 ] || end",
    });
    expect(ran.checks).toEqual([]);
  });

  test("tries a failed check again, ever more rarely, and tells the log once", async () => {
    const ran = await run({ onNap: "[ $n -lt 130 ] || end", onCheck: "echo 'out of \x1b[1m luck'; exit 3" });
    expect(times(ran)).toEqual([1, 31, 91, 211, 451, 931, 1531, 2131]);
    expect(ran.log).toEqual(["check failed with status 3, the login is left alone: out of  [1m luck"]);
  });

  test.each([
    "",
    "echo 0",
    "echo -5",
    "echo 5.5",
    "echo 5; echo 6",
    "echo 08",
    "echo 1000000000",
    "echo done",
  ])("takes the answer of '%s' for a failed check while the login is there", async (onCheck) => {
    const ran = await run({ onNap: "[ $n -lt 4 ] || end", onCheck });
    expect(times(ran)).toEqual([1, 31]);
    expect(ran.log).toHaveLength(1);
  });

  test("counts failed checks for all logins together, but not where the directory is somebody else's", async () => {
    const tell = "wc -c /run/afkill/failed-checks >>$T/log 2>&1; end";
    const onCheck = "[ $c = 2 ] && echo 20 || exit 1";
    const before = "mkdir /run/afkill; printf ... >/run/afkill/failed-checks";
    const counted = await run({ before, onNap: `[ $n -lt 8 ] || { ${tell}; }`, onCheck });
    expect([times(counted).length, counted.log.at(-1)]).toEqual([4, "6 /run/afkill/failed-checks"]);
    const foreign = "mkdir /run/afkill; chown 65534 /run/afkill";
    const left = await run({ before: foreign, onNap: `[ $n -lt 8 ] || { ${tell}; }`, onCheck });
    expect(left.log.at(-1)).toMatch(/failed-checks.*No such file/);
  });

  test("starts anew with the pauses after a check that went well", async () => {
    const onCheck = "case $c in 1 | 2 | 4) exit 1;; *) echo 40;; esac";
    const ran = await run({ onNap: "[ $n -lt 15 ] || end", onCheck });
    expect(times(ran).slice(0, 5)).toEqual([1, 31, 91, 131, 161]);
  });

  test("shortens what a failed check says, and a missing Node is one", async () => {
    const ran = await run({
      onNap: "case $n in 2) rm /usr/lib/afkill/node;; 5) end;; esac",
      onCheck: "head -c 5000 /dev/zero | tr '\\0' x",
    });
    expect(ran.log[0]).toMatch(/: x{300}$/);
    expect(ran.log[1]).toMatch(/status 127.*afkill\/node.*No such file/);
  });

  test("where V8 may not make memory executable, checks run without its compiler from then on", async () => {
    const kill = 'case "$*" in *--jitless*) echo 20;; *) kill -TRAP $$;; esac';
    const mark = "ls /run/afkill/*/jitless >>$T/log 2>&1";
    const ran = await run({ onNap: `[ $n -lt 4 ] || { ${mark}; end; }`, onCheck: kill });
    expect(ran.checks.map(({ atS, args }) => [atS, "jitless" in args])).toEqual([
      [1, false],
      [1, true],
      [21, true],
      [41, true],
    ]);
    expect(ran.log).toEqual([expect.stringMatching(/^\/run\/afkill\/\d+-\d+\/jitless$/)]);
  });

  test.each([
    ["--jitless does not help either", "kill -ABRT $$", [false, true, false, true]],
    ["a check has already started without", "[ $c = 1 ] && echo 20 || kill -TRAP $$", [false, false]],
    ["it is no signal of V8's", "exit 139", [false, false]],
  ])("does without V8's compiler only where that mends it: %s", async (_, onCheck, jitless) => {
    const ran = await run({ onNap: "[ $n -lt 4 ] || end", onCheck });
    expect(ran.checks.map(({ args }) => "jitless" in args)).toEqual(jitless);
    expect(ran.log).toEqual([
      expect.stringMatching(/^check failed with status 1\d\d, the login is left alone: /),
    ]);
  });

  test("a check that cannot even be killed is left behind, and while it hangs no other comes near", async () => {
    // As of one in a system call that never ends: it has begun to end, and its parent still waits for it.
    const stuck =
      "import ctypes, threading, time; threading.Thread(target=time.sleep, args=[3600]).start(); ctypes.CDLL(None).pthread_exit(0)";
    const ran = await run({
      onNap: "[ $n -lt 12 ] || end; skip 600",
      onCheck: `case "$*" in *--from-afar*) echo 1800;; *) exec python3 -c "${stuck}";; esac`,
    });
    expect(ran.checks.map(({ atS, args }) => [atS, "from-afar" in args])).toEqual([
      [601, false],
      [601, true],
      [2461, true],
      [4321, true],
      [6181, true],
    ]);
  });

  test("goes at once when a check says that the login has ended, and it has", async () => {
    const ran = await run({ onNap: ":", onCheck: "end; echo done" });
    expect(ran.naps).toEqual([1]);
    expect(ran.left).toEqual([]);
  });

  test("carries on without a memory where the directory is somebody else's", async () => {
    const ran = await run({
      before: "mkdir /run/afkill; chown 65534 /run/afkill",
      onNap: "[ $n -lt 3 ] || end",
      onCheck: "echo 20",
    });
    expect(times(ran)).toEqual([1, 21]);
    expect(ran.log).toEqual([expect.stringContaining("without a memory")]);
    expect(ran.checks[0]?.args.state).toBe("/dev/null/afkill");
  });

  test("carries on when its memory is taken away, or the disk is full", async () => {
    const taken = await run({
      onNap: "case $n in 2) rm -rf /run/afkill;; 4) end;; esac",
      onCheck: "echo 20",
    });
    expect(times(taken)).toEqual([1, 21, 41]);
    for (const inodes of [2, 3, 4]) {
      const full = await run({
        before: `mount -o remount,nr_inodes=${inodes} /run`,
        onNap: "[ $n -lt 3 ] || end",
        onCheck: "echo 20",
      });
      expect(times(full)).toEqual([1, 21]);
    }
  });

  test("carries on where nothing can be locked", async () => {
    const before = "mount --bind /dev/null /usr/bin/flock";
    expect(times(await run({ before, onNap: "[ $n -lt 2 ] || end" }))).toEqual([1]);
  });

  test("is not harmed by an upgrade, in place or by renaming", async () => {
    const inPlace = "yes 'exit 9 #' | head -c 20000 >/usr/lib/afkill/watchdog";
    const renamed = "echo 'exit 9' >/usr/lib/afkill/new; mv /usr/lib/afkill/new /usr/lib/afkill/watchdog";
    for (const change of [inPlace, renamed]) {
      const ran = await run({ onNap: `case $n in 2) ${change};; 4) end;; esac`, onCheck: "echo 20" });
      expect([times(ran), ran.left, ran.status]).toEqual([[1, 21, 41], [], 0]);
    }
  });

  test("does nothing for a process that is no sshd", async () => {
    const before = "cp $T/child/sshd $T/other; $T/other 600 & privileged=$!; echo $! >>$T/pids";
    expect((await run({ before, onNap: "end" })).naps).toEqual([]);
  });
});
