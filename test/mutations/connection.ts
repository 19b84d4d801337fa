// What use of a connection rests on: every byte is somebody's.
import type { Mutation } from "./mutation.ts";

const traffic = "test/unit/activity/traffic.test.ts";
const use = "test/unit/activity/use.test.ts";
const observe = "test/unit/guard/observe-connection.test.ts";

export const mutations: readonly Mutation[] = [
  {
    file: "src/activity/traffic.ts",
    find: "written: own.written - (monitor?.read ?? 0)",
    replace: "written: own.written",
    why: "what sshd asks its monitor for, as at each change of keys, is no payload",
    case: "what the monitor is asked for, as a change of keys does, is no payload",
    test: traffic,
  },
  {
    file: "src/activity/traffic.ts",
    find: "addressOf(local) === serverAddress",
    replace: "true",
    why: "a connection is the client's by both its ends",
    case: "a connection from the client's own port is not taken for the client's",
    test: traffic,
  },
  {
    file: "src/activity/traffic.ts",
    find: "tally.forwarded[inode] = seen.receivedBytes + seen.writtenBytes;",
    replace: "tally.forwarded[inode] = 0;",
    why: "bytes through what is forwarded count",
    case: "every byte is accounted for, by a server at",
    test: traffic,
  },
  {
    file: "src/activity/use.ts",
    find: "const bytes = now.inBytes - before.mostInBytes -",
    replace: "const bytes = now.mostInBytes - before.inBytes -",
    why: "what is on its way while counters are read is no payload",
    case: "what is on its way between two counters is no use",
    test: use,
  },
  {
    file: "src/activity/use.ts",
    find: "if (now.inBytes > before.mostInBytes) return now;",
    replace: "",
    why: "what a terminal answers does not add up to use",
    case: "what a terminal can have answered is no use",
    test: use,
  },
  {
    file: "src/activity/use.ts",
    find: "const beats = !channels.heartbeatsCount && mayBeHeartbeat(moved) ? beatsAtEnd(bursts) : [];",
    replace: "const beats: readonly Burst[] = [];",
    why: "a heartbeat is no use where the policy says so",
    case: "is told from a person, and never was use",
    test: use,
  },
  {
    file: "src/guard/observe.ts",
    find: 'look.commandsRun ? "command" : transferCounts',
    replace: 'true ? "command" : transferCounts',
    why: "payload of a login that runs no command is no input",
    case: "without a command, what moved went through a connection that has closed",
    test: observe,
  },
  {
    file: "src/guard/observe.ts",
    find: "terminals.length > 0 && (!transferCounts ||",
    replace: "!transferCounts || (terminals.length > 0 &&",
    why: "without a terminal what a command is sent is input, whatever the policy counts",
    case: "without a terminal, what a command is sent is input, whatever the policy counts",
    test: observe,
  },
  {
    file: "src/guard/observe.ts",
    find: "mayBeAnswers: look.terminals.some((face) => face.canonical && outputOf(seen, face).atMs >= sinceMs),",
    replace: "mayBeAnswers: false,",
    why: "bytes to a terminal that asked for them are no transfer",
    case: "beside a terminal, payload is a transfer where it can be neither keys nor answers",
    test: observe,
  },
  {
    file: "src/activity/use.ts",
    find: "askedBytes + (before.askedBytes ?? 0)",
    replace: "askedBytes",
    why: "a terminal may answer after a look to what was asked before it",
    case: "what a terminal answers after a look to what was asked before it is no use, and later it is",
    test: "test/unit/activity/use.test.ts",
  },
  {
    file: "src/activity/traffic.ts",
    find: "if (inode === ownInode) continue;",
    replace: "",
    why: "an idle login of an sshd that systemd started for its connection ends",
    case: "a client's socket that is open twice, as under systemd's or inetd's listener, is no forwarded connection",
    test: "test/unit/activity/traffic.test.ts",
  },
];
