// Guards of what a check leaves to the kernel instead of to programs, and of what it leaves undone.
import type { Mutation } from "./mutation.ts";

const connections = { test: "test/unit/activity/connections.test.ts" } as const;
const kept = { test: "test/unit/policy/kept.test.ts", file: "src/policy/kept.ts" } as const;
const memory = { test: "test/unit/guard/memory-own.test.ts", file: "src/guard/memory.ts" } as const;
const firstCheck = {
  test: "test/unit/guard/first-check.test.ts",
  file: "src/guard/first-check.ts",
} as const;
const syslog = { test: "test/unit/audit/syslog.host.test.ts", file: "src/audit/syslog.ts" } as const;

export const mutations: readonly Mutation[] = [
  {
    ...connections,
    file: "src/activity/ask-sockets.ts",
    find: "        mustBeFine(message);\n",
    replace: "",
    why: "a kernel that does not tell of connections is no host without any",
    case: "a kernel that does not tell of connections is no host without connections",
  },
  {
    ...connections,
    file: "src/activity/ask-sockets.ts",
    find: "if (left < 0) throw new ConnectionsLate();",
    replace: "",
    why: "a user's many connections fill no memory",
    case: "thousands of connections do not hide one, and more than the budget are late",
  },
  {
    ...connections,
    file: "src/activity/ask-sockets.ts",
    find: "Promise.race([sent, late])",
    replace: "sent",
    why: "a socket that its user holds in a call hangs no look",
    case: "a socket that is held in a call that does not end holds up nobody",
  },
  {
    ...connections,
    file: "src/activity/ask-sockets.ts",
    find: "if (isHung) throw new ConnectionsLate();",
    replace: "",
    why: "no second thread hangs behind the first",
    case: "a socket that is held in a call that does not end holds up nobody",
  },
  {
    ...connections,
    file: "src/activity/connections.ts",
    find: "it.serverAddress === addressOf(local)",
    replace: "true",
    why: "a connection of somebody else between the same ports is not asked: it could be held in a call",
    case: "the bytes of sockets are told by inode, and those of a client by its two ends",
  },
  {
    ...connections,
    file: "src/activity/look.ts",
    find: "if (!(error instanceof ConnectionsLate)) throw error;",
    replace: "",
    why: "what the host does not tell makes the check fail, and ends nobody",
    case: "a kernel that does not tell of connections is no host without connections",
  },
  {
    ...kept,
    find: "it.text === other.text",
    replace: "true",
    why: "a policy that was changed is not the kept one",
    case: "one other letter, of the same length and time, is another policy",
  },
  {
    ...kept,
    find: "    if (kept.writtenBy !== BUNDLE) return undefined;\n",
    replace: "",
    why: "what another version has parsed is not believed",
    case: "what another program has parsed is parsed again, and from its source a program keeps nothing",
  },
  {
    ...kept,
    find: "value ?? Number.POSITIVE_INFINITY",
    replace: "value",
    why: "a kept limit that is off stays off",
    case: "a policy that says what it said is the same policy, and is not parsed",
  },
  {
    ...kept,
    file: "src/system/read-own.ts",
    find: "status.uid === process.geteuid?.()",
    replace: "true",
    why: "no user writes what root takes for its own policy",
    case: "what somebody else can have written is not believed",
  },
  {
    ...kept,
    file: "src/system/read-own.ts",
    find: " && (status.mode & WRITABLE_BY_OTHERS) === 0",
    replace: "",
    why: "no user writes what root takes for its own policy, whosever file it is",
    case: "what somebody else can have written is not believed",
  },
  {
    ...memory,
    find: "writtenBy === undefined || writtenBy !== BUNDLE",
    replace: "writtenBy === undefined",
    why: "a memory of another version is examined",
    case: "a memory of another program is examined, as is one without a name",
  },
  {
    ...memory,
    find: "isSound &&= ENDLESS.has(key) && value === Number.POSITIVE_INFINITY;",
    replace: "isSound &&= true;",
    why: "a memory with a number that none may have is no memory",
    case: "a number that no memory may have",
  },
  {
    ...firstCheck,
    find: "      futimesSync(fd, now, now);\n",
    replace: "",
    why: "a hint of before the policy is believed by no watchdog: it is made new",
    case: "a hint that is right already is made newer than the policy, and a wrong one is replaced",
  },
  {
    ...firstCheck,
    find: "constants.O_RDWR | constants.O_NOFOLLOW",
    replace: "constants.O_RDWR",
    why: "no file is touched through a link",
    case: "a link in the place of the hint is replaced, and what it leads to is left alone",
  },
  {
    file: "src/guard/decide.ts",
    find: "    if (!asksForGroups(policy, who)) {\n",
    replace: "    if (false) {\n",
    why: "a check starts a program only for a policy that needs groups",
    case: "a quiet check starts no process",
    test: "test/e2e/cost.test.ts",
  },
  {
    ...syslog,
    find: 'if (performance.now() > untilMs) throw new Error("the system log takes nothing");',
    replace: "",
    why: "a system log that takes nothing holds up no ending",
    case: "a log that takes nothing more",
  },
  {
    ...syslog,
    find: "visible(text, SYSLOG_TEXT_BYTES)",
    replace: "text",
    why: "a line of the system log is one line",
    case: "free text stays one line, whatever is in it",
  },
];
