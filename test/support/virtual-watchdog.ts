// Runs pam/watchdog in virtual time: the real script on the real kernel, in a mount namespace of its own where `sleep` only moves a
// clock on, and where a check is a few lines of shell.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

export interface Scenario {
  /** Shell text before the watchdog starts. */
  readonly before?: string;
  /**
   * Shell text at each nap, after the clock has moved on; $n counts naps from 1. There are: `step S` (the wall clock), `skip S` (both
   * clocks, as a suspend does), `late S` (the one that stands still in a suspend too, as a busy machine does), `end` (both sshds go), and
   * whatever a shell can do, such as `tell TEXT`. The watchdog is $PPID; `id` prints the name of its login.
   */
  readonly onNap: string;
  /** Shell text of a check, $c counts from 1; it prints the answer. */
  readonly onCheck?: string;
  /** Shell text after the watchdog has ended. */
  readonly after?: string;
  /** Whether the child sshd serves a terminal. Its number is in $T/pts. */
  readonly hasTerminal?: boolean;
  /** The title of the privileged sshd; a user's unless it is another one. */
  readonly title?: string;
  /** The shell that runs the watchdog. */
  readonly shell: string;
}

export interface Ran {
  /** The seconds of each nap. */
  readonly naps: readonly number[];
  /** At each check: seconds since the start, and its arguments by name. */
  readonly checks: readonly { readonly atS: number; readonly args: Readonly<Record<string, string>> }[];
  readonly log: readonly string[];
  /** What the scenario told. */
  readonly told: readonly string[];
  /** How often it asked for the wall clock. */
  readonly dates: number;
  /** What is left in /run/afkill. */
  readonly left: readonly string[];
  readonly status: number;
}

/** The clocks at the start. */
export const BOOT_S = 1000;
export const WALL_S = 1_700_000_000;
/** How long the machine had been suspended by then. */
const SUSPENDED_S = 7;
/** What the watchdog tells of that. */
export const AWAKE = `awake ${BOOT_S}.00 ${BOOT_S - SUSPENDED_S}000000000`;

const pam = resolve(import.meta.dirname, "../../pam");

const STUBS: Readonly<Record<string, string>> = {
  lib: `
    uptime() { cut -d. -f1 $T/uptime; }
    add() { echo $(($(cat "$1") + $2)) >"$1"; }
    skip() { echo "$(($(uptime) + $1)).00 0.00" >$T/uptime; }
    late() { skip "$1"; add $T/awake "$1"; printf 'Version\\nBases\\nnow at %s nsecs\\n' $(cat $T/awake)000000000 >$T/timer_list; }
    step() { add $T/offset "$1"; }
    tell() { echo "$*" >>$T/told; }
    id() { basename /run/afkill/[0-9]*; }
    last_pid() { read -r _ _ _ _ last </proc/loadavg; }
    end() { kill -9 $(cat $T/pids); for pid in $(cat $T/pids); do gone $pid; done; }
    gone() { while grep -qs '^State:.[^ZX]' /proc/$1/status; do :; done; }`,
  // With an \`s\` it is no nap: what watches over a check, in real time, and faster. $first is the last pid of what was there before.
  sleep: `case $1 in *s) exec $T/child/sshd 0.3;; esac; last_pid; first=$last; add $T/n 1; n=$(cat $T/n); echo "$1" >>$T/naps; late "$1"; . $T/on-nap`,
  date: `echo >>$T/dates; echo $(($(uptime) + $(cat $T/offset)))`,
  node: `add $T/c 1; c=$(cat $T/c); { uptime; for a; do echo "$a"; done; echo; } >>$T/checks; . $T/on-check`,
  logger: `shift 6; echo "$*" >>$T/log`,
};

const INIT = `
set -eu
cp /usr/bin/sleep $T/child/sshd
cp /usr/bin/dash $T/privileged/sshd
mount -t tmpfs tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /tmp
mkdir $T/etc $T/etc-work $T/lib.d $T/lib-work
mount -t overlay -o lowerdir=/etc,upperdir=$T/etc,workdir=$T/etc-work overlay /etc
mount -t overlay -o lowerdir=/usr/lib,upperdir=$T/lib.d,workdir=$T/lib-work overlay /usr/lib
mkdir -p /etc/afkill /usr/lib/afkill/dist
echo "${BOOT_S}.00 0.00" >$T/uptime
echo ${BOOT_S - SUSPENDED_S} >$T/awake
(. $T/lib; late 0)
echo $((${WALL_S} - ${BOOT_S})) >$T/offset
cp $T/node $PAM/watchdog /usr/lib/afkill/
sed -i "1s:/bin/sh:$WATCHDOG_SHELL:" /usr/lib/afkill/watchdog
chmod 755 /usr/lib/afkill/*
# Their parent never waits for them: what is killed stays as a zombie.
cat >$T/privileged/script <<'END'
echo $$ >$T/privileged.pid
$HOLDER $T/child/sshd 600 &
echo $! >$T/child.pid
wait
END
dash -c '
  setsid bash -c "exec -a \\"$TITLE\\" $T/privileged/sshd $T/privileged/script" &
  exec $T/child/sshd 600' &
until [ -s $T/child.pid ]; do :; done
# Until it has become what it is to be, it is no sshd.
until [ /proc/$(cat $T/child.pid)/exe -ef $T/child/sshd ]; do :; done
cat $T/child.pid $T/privileged.pid >$T/pids
privileged=$(cat $T/privileged.pid)
for stub in sleep date logger; do mount --bind $T/$stub /usr/bin/$stub; done
mount --bind $T/uptime /proc/uptime
mount --bind $T/timer_list /proc/timer_list
. $T/before
status=0
/usr/lib/afkill/watchdog $privileged >$T/output 2>&1 </dev/null || status=$?
. $T/lib
. $T/after
kill -9 $(cat $T/pids) 2>/dev/null || :
ls /run/afkill >$T/left 2>/dev/null || :
umount -l /tmp
exit $status
`;

/** Becomes a program that holds the master of a new terminal. */
const HOLDER = `import os, sys
master, slave = os.openpty()
os.set_inheritable(master, True)
open("/mnt/pts", "w").write(os.ttyname(slave).split("/")[-1])
os.execv(sys.argv[1], sys.argv[1:])
`;

/** Runs a scenario to its end. Needs root. */
export async function runWatchdog({
  before = "",
  onNap,
  onCheck = "echo 3600",
  after = "",
  hasTerminal = false,
  title = "sshd: visitor [priv]",
  shell,
}: Scenario): Promise<Ran> {
  const directory = mkdtempSync(join(tmpdir(), "afkill-watchdog-"));
  const at = (name: string) => join(directory, name);
  try {
    for (const name of ["child", "privileged", "fs"]) mkdirSync(at(name));
    for (const [name, text] of Object.entries(STUBS))
      writeFileSync(at(name), `#!/bin/dash\nT=/mnt\n${name === "lib" ? "" : ". $T/lib\n"}${text}\n`, {
        mode: 0o755,
      });
    const files = { before, after, "on-nap": onNap, "on-check": onCheck, init: INIT, "holder.py": HOLDER };
    for (const [name, text] of Object.entries(files)) writeFileSync(at(name), `${text}\n`);
    for (const name of ["n", "c"]) writeFileSync(at(name), "0\n");
    // A tmpfs: overlays want an upper layer that is not itself one.
    const mount =
      "mount -t tmpfs tmpfs /mnt && cp -r $1/* /mnt && (T=/mnt dash /mnt/init; echo $? >/mnt/status)";
    const keep =
      "for f in naps checks log told dates left status output; do [ ! -e /mnt/$f ] || cp /mnt/$f $1/; done";
    const namespaces = ["--mount", "--pid", "--fork", "--mount-proc", "--kill-child"];
    await promisify(execFile)(
      "unshare",
      [...namespaces, "dash", "-c", `export T=/mnt; ${mount}; ${keep}`, "sh", directory],
      {
        env: {
          PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
          PAM: pam,
          WATCHDOG_SHELL: shell,
          TITLE: title,
          HOLDER: hasTerminal ? "/usr/bin/python3 /mnt/holder.py" : "",
        },
        timeout: 60_000,
      },
    );
    const lines = (name: string) => {
      try {
        return readFileSync(at(name), "utf8").split("\n").slice(0, -1);
      } catch {
        return [];
      }
    };
    return {
      naps: lines("naps").map(Number),
      checks: checksOf(lines("checks")),
      log: lines("log"),
      told: lines("told"),
      dates: lines("dates").length,
      left: lines("left").filter((name) => /^\d/.test(name)),
      status: Number(lines("status")[0]),
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function checksOf(lines: readonly string[]): Ran["checks"] {
  const calls = `${lines.join("\n")}\n`.split("\n\n").filter((call) => call.trim() !== "");
  return calls.map((call) => {
    const [uptime = "", ...words] = call.trim().split("\n");
    const args = words.flatMap((word, index) =>
      word.startsWith("--") ? [[word.slice(2), words[index + 1] ?? ""]] : [],
    );
    return { atS: Number(uptime) - BOOT_S, args: Object.fromEntries(args) };
  });
}
