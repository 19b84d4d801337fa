// What holds on hosts as they are, and when their clocks step.
import type { Guard } from "./guard.ts";

const hosts = { project: "cases", test: "test/cases/hosts.test.ts" } as const;
const systemd = { project: "cases-machines", test: "test/cases/machines/hosts-systemd.test.ts" } as const;
const clock = { project: "cases-machines", test: "test/cases/machines/must-live-clock.test.ts" } as const;

export const guards: readonly Guard[] = [
  {
    ...hosts,
    file: "src/login/terminal.ts",
    find: 'ns/mnt`) === readlinkSync("/proc/self/ns/mnt");',
    replace: 'ns/mnt`) !== "";',
    why: "a terminal of another mount namespace is not looked for in this one's /dev/pts",
    case: "a container's pts/0 that is idle is ended, and not the pts/0 outside, whose keys do not keep it",
  },
  {
    ...hosts,
    file: "src/policy/groups.ts",
    find: '["-Gnz", "--", ...users]',
    replace: '["-gnz", "--", ...users]',
    why: "all groups of a user count, as the system resolves them",
    case: "users of an nss module: a rule finds one by group",
  },
  {
    ...hosts,
    file: "src/policy/apply.ts",
    find: "exempt: true, limits",
    replace: "exempt: false, limits",
    why: "who is exempt is never ended, whatever rule fits",
    case: "users of an nss module: a group exempts one whom a rule would end",
  },
  {
    ...hosts,
    file: "src/setup/transaction.ts",
    find: 'codeOf(error) === "EROFS" ? readOnly(path) : reasonOf(error)',
    replace: "reasonOf(error)",
    why: "who installs is told which mount is read-only",
    case: "/usr read-only: install and uninstall change nothing, and say why",
  },
  {
    ...hosts,
    file: "pam/profile.sh",
    find: '|| { kill -0 "$PPID" && name=sshd; } || exit 0',
    replace: "|| exit 0",
    why: "a hook that cannot see its sshd is not silent",
    case: "hidepid=2: a user's own hook says that it guards nothing, and the login lives",
  },
  {
    project: "e2e",
    test: "test/e2e/login.test.ts",
    file: "src/login/login.ts",
    find: "(uid === 0 && !isSeparate)",
    replace: "uid === 0",
    why: "from OpenSSH 9.8 on a child serves root's logins too",
    case: "a root login has a child sshd or none, with and without a terminal",
  },
  {
    ...systemd,
    file: "pam/watchdog",
    find: "	leave_sshd_cgroup\n	claim",
    replace: "	claim",
    why: "a watchdog is no part of ssh.service, which systemd restarts when a process in it is killed for want of memory",
    case: "an OOM kill of a check restarts no sshd, and its login is guarded on",
  },
  {
    ...systemd,
    file: "src/activity/traffic.ts",
    find: "  if (!client) return undefined;\n",
    replace: '  if (!client) throw new Error("no client");\n',
    why: "a login may have no connection to look for",
    case: "sshd on a unix socket: a login from no address is guarded, and ended on time",
  },
  {
    ...clock,
    file: "src/clock.ts",
    find: "if (tookMs - expectedMs > GAP_TOLERANCE_MS)",
    replace: "if (tookMs > 1e12)",
    why: "the time of a suspend under a notice does not count as idle",
    case: "every login when the host was suspended",
  },
  {
    project: "unit",
    test: "test/unit/watchdog.test.ts",
    file: "pam/watchdog",
    find: '[ "$excess" -le "$gap_limit" ] || add_entry',
    replace: "true || add_entry",
    why: "the time of a suspend between two checks does not count as idle",
    case: "notes a suspend, what of it was not asked for, and checks",
  },
];
