// What a login that is in use lives by, whatever happens to its host.
import type { Mutation } from "./mutation.ts";

const living = "test/cases/must-live.test.ts";
const moving = "test/cases/must-live-moving.test.ts";
const host = "test/cases/must-live-host.test.ts";
const pids = "test/cases/must-live-pids.test.ts";

export const mutations: readonly Mutation[] = [
  {
    file: "src/activity/input.ts",
    find: "if (differ(previous?.unreadBytes ?? [], unreadBytes)) found.push(nowMs);",
    replace: "",
    why: "keys that no program has read count",
    case: "keys that nobody read: their number counts when it is not 0 at first, and when it changed",
    test: "test/unit/activity/input.test.ts",
  },
  {
    file: "src/guard/observe.ts",
    find: "atMs: busyAtMs(nowMs, input.atMs, limits.busyMaxMs, limits.idleTimeoutMs),",
    replace: "atMs: nowMs,",
    why: "work keeps a login for busy_max and no longer",
    case: "a build that works longer than `busy_max` after the last key",
    test: living,
  },
  {
    file: "src/guard/observe.ts",
    find: 'if (limits.activity.includes("output"))',
    replace: "if (false)",
    why: "output counts where the policy asks for it",
    case: "`tail -f` with `output` on",
    test: living,
  },
  {
    file: "src/guard/observe.ts",
    find: "const use = look.traffic ? useAfter(memory.use, look.traffic, channelsOf(seen, inputs)) : useStill(seen);",
    replace: "const use = undefined as UseState | undefined;",
    why: "what the client sends keeps an idle terminal",
    case: "beside an idle terminal",
    test: moving,
  },
  {
    file: "src/guard/observe.ts",
    find: "  return { lastActivity: latest([used], besideUse), besideUse };",
    replace: "  return { lastActivity: besideUse, besideUse };",
    why: "what moves keeps a login without a terminal",
    case: "a forwarded port in use of a login without a terminal",
    test: moving,
  },
  {
    file: "src/system/installed.ts",
    find: "return !existsSync(PROGRAM);",
    replace: "return false;",
    why: "an uninstall leaves also the logins alone that were warned before it",
    case: "a login during `uninstall`, and its watchdog goes quiet",
    test: host,
  },
  {
    file: "src/guard/decide.ts",
    find: "applied: lastGood ?? NO_POLICY, complaint: `",
    replace: "applied: NO_POLICY, complaint: `",
    why: "the last good policy applies while a file is half-written",
    case: "every login when the policy vanishes half-written, and comes back",
    test: host,
  },
  {
    file: "src/guard/countdown.ts",
    find: "(shortOfNotice ? nowMs + longestMs : dueMs)",
    replace: "dueMs",
    why: "who is suddenly due gets the whole notice first",
    case: "an exempt login when the policy is half-written without its exemption, for a moment",
    test: host,
  },
  {
    file: "pam/watchdog",
    find: '[ "$directory" = "$nowhere" ] || [ -e "$directory" ] || { claim && due=$uptime; }',
    replace: ":",
    why: "a memory that somebody wiped is made anew",
    case: "`/run` is wiped",
    test: host,
  },
  {
    file: "src/ending/held.ts",
    find: "if (!exists(pidfd)) return true;",
    replace: "",
    why: "what has the pid of an ended process is not that process",
    case: "what got the pids of a login when a thousand processes exit and pids wrap between look and kill",
    test: pids,
  },
  {
    file: "pam/watchdog",
    find: '&& [ "$ticks" = "$2" ]',
    replace: "",
    why: "a watchdog does not take another process with that pid for its login",
    case: "what got the pids of a login while its watchdog slept",
    test: pids,
  },
];
