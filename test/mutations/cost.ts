// Guards of what a check leaves to the kernel instead of to programs, and of what it leaves undone.
import type { Mutation } from "./mutation.ts";

const connections = { test: "test/unit/activity/connections.test.ts" } as const;
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
    ...syslog,
    find: 'if (performance.now() > untilMs) throw new Error("the system log takes nothing");',
    replace: "",
    why: "a system log that takes nothing holds up no ending",
    case: "that takes nothing more (%s) is given up",
  },
  {
    ...syslog,
    find: "visible(text, SYSLOG_TEXT_BYTES)",
    replace: "text",
    why: "a line of the system log is one line",
    case: "free text stays one line, whatever is in it",
  },
];
