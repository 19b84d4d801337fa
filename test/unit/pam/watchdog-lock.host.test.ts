// What root's watchdog does for locked terminals: it sees who asks for a lock, hurries a check, and undoes a lock that nobody holds.
import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { run } from "../../../src/system/command.ts";
import { describeAsRoot } from "../../support/root.ts";
import { type Ran, runWatchdog, type Scenario } from "../../support/virtual-watchdog.ts";

const times = (ran: Ran) => ran.checks.map(({ atS }) => atS);
const REST = "echo 3600";
const ASK = "ln -s pts/3 /tmp/afkill-lock.$(id)";
/** No check can run, as without Node. */
const FAILS = "exit 1";

/** A process that is stopped, as $stopped, with its start time as $ticks; and one whose pid belonged to another before, as $later. */
const STOP = `
  ticks_of() { cut -d" " -f22 /proc/$1/stat; }
  $T/child/sshd 600 & stopped=$!
  $T/child/sshd 600 & later=$!
  kill -STOP $stopped $later
  echo $stopped >$T/stopped; echo $later >$T/later`;

/** The text of a record, for a shell. `locker`: pid and start time. */
const recordOf = (locker: string, end = "end") => `
  number=$(cat $T/pts 2>/dev/null || echo 3)
  printf '%s\\n' "version 1" "pts $number" "locker ${locker}" "since 1" "cause idle" "tries 0" "termios 00" \
    "stty $(cat $T/form 2>/dev/null || echo 0)" "owner 65534 5 620" "stopped $stopped $(ticks_of $stopped)" \
    "stopped $later $(($(ticks_of $later) - 1))" "${end}" >/run/afkill/$(id)/lock-$number`;

/** What was stopped for a last line, as `formatFrozen` writes it. */
const frozenBy = (stopper: string, end = "end") => `
  printf '%s\\n' "version 1" "stopper ${stopper}" "stopped $stopped $(ticks_of $stopped)" \
    "stopped $later $(($(ticks_of $later) - 1))" "${end}" >/run/afkill/$(id)/frozen-1-3`;
const UNTIL_THAWED = "while [ -e /run/afkill/$(id)/frozen-1-3 ]; do :; done";

/** Locks the terminal as a locker does; its attributes before are in $T/form. */
const TAKE = `
  terminal=/dev/pts/$(cat $T/pts)
  stty -F $terminal -g >$T/form
  chown 0:0 $terminal; chmod 600 $terminal
  stty -F $terminal raw -echo
  python3 -c 'import fcntl, sys, os
fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
fcntl.ioctl(fd, 0x5457, b"\\xff" * 36)
fcntl.ioctl(fd, 0x540c)' $terminal`;

const TELL_STATES = `for who in stopped later; do
  case $(cut -d' ' -f3 /proc/$(cat $T/$who)/stat) in T) tell $who;; *) tell $who, goes on;; esac; done`;
const UNTIL_UNDONE = "while [ -e /run/afkill/$(id)/lock-$(cat $T/pts 2>/dev/null || echo 3) ]; do :; done";

// Each scenario forks some thousand times.
vi.setConfig({ testTimeout: 60_000 });

describeAsRoot.each(["/bin/dash", "/bin/bash"])("root's watchdog in %s", (shell) => {
  const ranIn = (scenario: Omit<Scenario, "shell">) => runWatchdog({ ...scenario, shell });

  test("is woken by SIGUSR2, which is no sleep that fails", async () => {
    // The clock has not moved, as at the beginning of a sleep.
    const wake = "skip -20; kill -USR2 $PPID; exec $T/child/sshd 600";
    const ran = await ranIn({ onNap: `case $n in 3) ${wake};; 5) end;; esac`, onCheck: REST });
    expect([times(ran), ran.log]).toEqual([[1, 21], []]);
  });

  test("is woken in its first nap, and lives", async () => {
    const ran = await ranIn({ onNap: "case $n in 1) kill -USR2 $PPID;; 3) end;; esac", onCheck: REST });
    expect([ran.status, times(ran).length]).toEqual([0, 1]);
  });

  test("lets a check end that a wake-up comes upon, believes it, and checks again", async () => {
    const onCheck = `[ $c != 1 ] || { kill -USR2 $PPID; $T/child/sshd 0.3; }; ${REST}`;
    const ran = await ranIn({ onNap: "case $n in 3) end;; esac", onCheck });
    expect([times(ran), ran.log]).toEqual([[1, 1], []]);
  });

  test("gives up a check that hangs, although it is woken", async () => {
    const stuck =
      "import ctypes, threading, time; threading.Thread(target=time.sleep, args=[3600]).start(); ctypes.CDLL(None).pthread_exit(0)";
    const onCheck = `case "$*" in *--from-afar*) ${REST};; *) kill -USR2 $PPID; exec python3 -c "${stuck}";; esac`;
    const ran = await ranIn({ onNap: "[ $n -lt 3 ] || end", onCheck });
    expect(ran.checks.map(({ args }) => "from-afar" in args)).toEqual([false, true, true]);
  });

  test("checks at once when its user asks for a lock, each slice until the link is gone", async () => {
    const onCheck = `[ $c != 3 ] || rm /tmp/afkill-lock.$(id); ${REST}`;
    const ran = await ranIn({ onNap: `case $n in 3) ${ASK};; 7) end;; esac`, onCheck });
    expect(times(ran)).toEqual([1, 41, 61]);
  });

  test.each([
    ["of another user", `${ASK}; chown -h 65534 /tmp/afkill-lock.$(id)`],
    ["that is no link", "echo pts/3 >/tmp/afkill-lock.$(id)"],
    ["of another login", "ln -s pts/3 /tmp/afkill-lock.1-1"],
  ])("takes nothing for an ask %s", async (_, put) => {
    const ran = await ranIn({ onNap: `case $n in 3) ${put};; 7) end;; esac`, onCheck: REST });
    expect(times(ran)).toEqual([1]);
  });

  test("checks when a lock has come and when it has gone, and not while it stands", async () => {
    const here = `${STOP}; ${recordOf("1 $(ticks_of 1)")}`;
    const gone = "rm /run/afkill/$(id)/lock-3";
    const onNap = `case $n in 3) ${here};; 7) ${gone};; 10) end;; esac`;
    expect(times(await ranIn({ onNap, onCheck: REST }))).toEqual([1, 41, 121]);
  });

  test("has a check undo a lock whose locker is gone, and does not do it as well", async () => {
    const here = `${STOP}; ${recordOf("99999 1")}`;
    const onCheck = `[ $c = 1 ] || rm -f /run/afkill/$(id)/lock-3; ${REST}`;
    const ran = await ranIn({ onNap: `case $n in 3) ${here};; 6) ${TELL_STATES}; end;; esac`, onCheck });
    expect([times(ran), ran.log, ran.told]).toEqual([[1, 41, 61], [], ["stopped", "later"]]);
  });

  test("undoes a lock whose locker is gone where no check can, and continues no later process", async () => {
    const here = `${TAKE}; ${STOP}; ${recordOf("99999 1")}`;
    const tell = [
      "terminal=/dev/pts/$(cat $T/pts)",
      'tell $(stat -c "%u:%g %a" $terminal)',
      '[ "$(stty -F $terminal -g)" = "$(cat $T/form)" ] && tell same',
      "setpriv --reuid=65534 --clear-groups sh -c ': <>$0' $terminal && tell opens",
      "stty -F $terminal -echo && tell unlocked",
    ].join("; ");
    const onNap = `case $n in 3) ${here};; 4) ${UNTIL_UNDONE}; ${TELL_STATES}; ${tell};; 6) end;; esac`;
    const ran = await ranIn({ onNap, onCheck: FAILS, hasTerminal: true });
    expect(ran.told).toEqual(["stopped, goes on", "later", "65534:5 620", "same", "opens", "unlocked"]);
    expect(ran.log.at(-1)).toMatch(/^the locker of pts\/\d+ is gone: .* continue without a password$/);
  });

  test("touches no terminal that its login does not serve", async () => {
    const other = `python3 /mnt/holder.py $T/child/sshd 600 & until [ -s $T/pts ]; do :; done; echo $! >>$T/pids`;
    const here = `${other}; ${TAKE}; ${STOP}; ${recordOf("99999 1")}`;
    const tell = 'tell $(stat -c "%u %a" /dev/pts/$(cat $T/pts))';
    const onNap = `case $n in 3) ${here};; 4) ${UNTIL_UNDONE}; ${TELL_STATES}; ${tell};; 5) end;; esac`;
    const ran = await ranIn({ onNap, onCheck: FAILS });
    expect(ran.told).toEqual(["stopped, goes on", "later", "0 600"]);
  });

  test.each([
    ["that is not complete", recordOf("99999 1", "ending")],
    ["of somebody else", `${recordOf("99999 1")}; chown 65534 /run/afkill/$(id)/lock-3`],
    ["of another terminal", `${recordOf("99999 1")}; mv /run/afkill/$(id)/lock-3 /run/afkill/$(id)/lock-4`],
    ["of another form", `${recordOf("99999 1")}; sed -i 's/^stopped /stopped x/' /run/afkill/$(id)/lock-3`],
  ])("does not act on a record %s", async (_, put) => {
    const onNap = `case $n in 3) ${STOP}; ${put};; 6) ${TELL_STATES}; end;; esac`;
    const ran = await ranIn({ onNap, onCheck: FAILS.replace("1", "1; [ $c = 1 ] || exit 1") });
    expect(ran.told).toEqual(["stopped", "later"]);
  });

  test("continues what a lock has stopped when its login ends", async () => {
    const after = `while grep -q '^State:.T' /proc/$(cat $T/stopped)/status; do :; done; ${TELL_STATES}`;
    const here = `${STOP}; ${recordOf("1 $(ticks_of 1)")}`;
    const ran = await ranIn({ onNap: `case $n in 3) ${here}; end;; esac`, onCheck: REST, after });
    expect([ran.told, ran.left, ran.log]).toEqual([["stopped, goes on", "later"], [], []]);
  });

  test("lets continue what a check had stopped for a last line when it was killed, and no later process", async () => {
    const onCheck = `${STOP}; ${frozenBy("$$ $(ticks_of $$)")}; kill -KILL $$`;
    const onNap = `case $n in 2) ${UNTIL_THAWED}; ${TELL_STATES}; end;; esac`;
    expect((await ranIn({ onNap, onCheck })).told).toEqual(["stopped, goes on", "later"]);
  });

  test.each([
    ["whoever did that still runs", frozenBy("1 $(ticks_of 1)")],
    ["the file is not complete", frozenBy("99999 1", "ending")],
    ["the file is somebody else's", `${frozenBy("99999 1")}; chown 65534 /run/afkill/$(id)/frozen-1-3`],
    [
      "the file has another form",
      `${frozenBy("99999 1")}; sed -i 's/^stopped /stopped x/' /run/afkill/$(id)/frozen-1-3`,
    ],
  ])("leaves what was stopped for a last line if %s", async (_, put) => {
    const onNap = `case $n in 3) ${STOP}; ${put};; 6) ${TELL_STATES}; end;; esac`;
    expect((await ranIn({ onNap, onCheck: REST })).told).toEqual(["stopped", "later"]);
  });

  test("lets continue what `afkill end` had stopped for a last line when it was killed", async () => {
    const onNap = `case $n in 3) ${STOP}; ${frozenBy("99999 1")};; 4) ${UNTIL_THAWED}; ${TELL_STATES}; end;; esac`;
    const ran = await ranIn({ onNap, onCheck: REST });
    expect([times(ran), ran.told]).toEqual([[1], ["stopped, goes on", "later"]]);
  });

  test("forks for its sleep and the wall clock alone, with a lock that stands too", async () => {
    // The pids that were given out between two naps, and by $(date). Reading them takes none.
    const date = "last_pid; a=$last; x=$(date); last_pid; tell date $((last - a))";
    const here = `${STOP}; ${recordOf("1 $(ticks_of 1)")}`;
    const onNap = `[ $n = 1 ] || { read -r last <$T/last; tell $n $((first - last)); }
      case $n in 3) ${date};; 4) ${here};; 9) ${ASK}; chown -h 65534 /tmp/afkill-lock.$(id);; 10) end;; esac
      last_pid; echo $last >$T/last`;
    const before = "mkdir /run/afkill; echo 20000 >/run/afkill/first-check";
    const { told } = await ranIn({ before, onNap, onCheck: REST });
    const forks = Object.fromEntries(told.map((line) => line.split(" ").map(Number)));
    const least = 1 + Number(/date (\d+)/.exec(told.join())?.[1]);
    expect([3, 4, 7, 8, 9, 10].map((n) => forks[n])).toEqual([...Array(5).fill(least), least + 1]);
  });
});

const watchdog = readFileSync(new URL("../../../pam/watchdog", import.meta.url), "utf8");
const functionIn = (name: string) => new RegExp(`^${name}\\(\\) \\{.*?^\\}`, "ms").exec(watchdog)?.[0] ?? "";

test.each(["/bin/dash", "/bin/bash"])("the session leader continues last in %s", (shell) => {
  const record = [
    "version 1",
    "pts 3",
    "locker 9 9",
    "owner 0 0 600",
    "stopped 11 1",
    "stopped 12 2",
    "stopped 13 3",
    "end",
  ];
  const script = `
    ${["read_lock", "undo_lock", "let_continue"].map(functionIn).join("\n")}
    is_there() { echo "is $1 $2"; }
    kill() { echo "$*"; }
    serves_terminal() { return 1; }
    say() { :; }
    directory=$(mktemp -d); record=$directory/lock-3; printf '%s\\n' "$@" >$record
    read_lock $record && undo_lock
    [ ! -e $record ] && rmdir $directory`;
  const ran = run(shell, ["-c", script, "sh", ...record]);
  const order = ["13 3", "12 2", "11 1"].flatMap((ref) => [`is ${ref}`, `-CONT ${ref.split(" ")[0]}`]);
  expect([ran.stdout.trim().split("\n"), ran.status]).toEqual([order, 0]);
});
