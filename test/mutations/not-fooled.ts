// What keeps programs inside a login from passing for somebody at work, or for another login.
import type { Mutation } from "./mutation.ts";

const programs = "test/cases/not-fooled.test.ts";
const userHook = "test/cases/not-fooled-user-hook.test.ts";

export const mutations: readonly Mutation[] = [
  {
    file: "src/activity/input.ts",
    find: "if (previous && !isBorneOut(previous, payload)) return { ...previous, ...seen };",
    replace: "",
    why: "where times are not trusted, a key needs something that the client sent",
    case: "touch -a on one's own tty, with trust_tty_times = false",
    test: programs,
  },
  {
    file: "src/guard/observe.ts",
    find: "payload: !applied.limits.trustTtyTimes,",
    replace: "payload: false,",
    why: "the policy says whether times are trusted",
    case: "touch -a behind a program that redraws, with trust_tty_times = false",
    test: programs,
  },
  {
    file: "src/activity/connections.ts",
    find: 'count("sent") - count("retrans") + count("notsent")',
    replace: 'count("acked")',
    why: "what waits to be sent, or was sent again, is output and not a key",
    case: "what ss prints",
    test: "test/unit/activity/transfer.test.ts",
  },
  {
    file: "src/activity/connections.ts",
    find: "      waiting = undefined;\n",
    replace: "",
    why: "who asks for a connection is not told of what it was before",
    case: "who asks in one turn is asked for together, and never answered with what is older than the question",
    test: "test/unit/activity/transfer.test.ts",
  },
  {
    file: "src/activity/input.ts",
    find: "return atMs === undefined ? nowMs : Math.min(atMs, nowMs + BUCKET_MS + ROUNDING_MS);",
    replace: "return atMs ?? nowMs + 86_400_000;",
    why: "a time that lies ahead counts as now",
    case: "a tty's time set a day ahead gives no more than a touch of now",
    test: programs,
  },
  {
    file: "src/login/all.ts",
    find: "!isRoots(pid, program) || !runsSshd(pid, program)",
    replace: "false",
    why: "an sshd is a program file of root's, whatever a process calls itself",
    case: "a program that changes its name to sshd",
    test: programs,
  },
  {
    file: "src/login/user.ts",
    find: "name !== undefined && names.uidOf(name) === uid",
    replace: "name !== undefined",
    why: "a title names only a user whose uid the process has",
    case: "a name is believed only when the system says that it has that uid",
    test: "test/unit/login/user.test.ts",
  },
  {
    file: "pam/watchdog",
    find: '[ -O "$run" ] && [ ! -L "$run" ] && run=$run/afkill',
    replace: "run=$run/afkill",
    why: "nobody else's link decides where a user's watchdog writes",
    case: "as the user: another user's symlink where the state is kept",
    test: userHook,
  },
  {
    file: "pam/watchdog",
    find: 'exec env -i PATH="$PATH" "$programs/node"',
    replace: 'exec "$programs/node"',
    why: "a check runs in an empty environment",
    case: "as the user: functions, ENV and NODE_OPTIONS",
    test: userHook,
  },
  {
    file: "pam/forced-command",
    find: 'PATH=/usr/sbin:/usr/bin:/sbin:/bin setsid /usr/lib/afkill/watchdog "$PPID"',
    replace: 'setsid /usr/lib/afkill/watchdog "$PPID"',
    why: "the hook finds its programs whatever the user's PATH is",
    case: "as the user: a PATH without programs",
    test: userHook,
  },
  {
    file: "pam/watchdog",
    find: "\ttrap '' XFSZ\n",
    replace: "",
    why: "a user whose files may not grow has a watchdog all the same",
    case: "as the user: a ulimit of empty files",
    test: userHook,
  },
];
