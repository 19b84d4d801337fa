// What tells work from what only looks like it.
import type { Mutation } from "./mutation.ts";

const pure = { test: "test/unit/activity/busy.test.ts" } as const;
const real = { test: "test/unit/activity/work.host.test.ts" } as const;

export const mutations: readonly Mutation[] = [
  {
    ...pure,
    file: "src/activity/busy.ts",
    find: "* (forced / turns)",
    replace: "",
    why: "who waits for a CPU after sleeping was not kept from one, whatever the load",
    case: "a job that is kept from a CPU works, one that waits for it when it wakes up does not",
  },
  {
    ...pure,
    file: "src/activity/busy.ts",
    find: "after.follows && grew",
    replace: "false && grew",
    why: "who follows a log wakes up for each line, which is no work",
    case: "one that has files watched computes only where it keeps its CPU",
  },
  {
    ...pure,
    file: "src/activity/reading.ts",
    find: "then.isAtEnd || now.isAtEnd || ",
    replace: "",
    why: "who is at the end of a file follows it",
    case: "reading on in a file is work, following one at its end is not",
  },
  {
    ...pure,
    file: "src/activity/busy.ts",
    find: "after.storageWait > before.storageWait",
    replace: "true",
    why: "what hangs on dead storage does not go on",
    case: "waiting for storage at both looks is work where it ran in between",
  },
  {
    ...pure,
    file: "src/activity/busy.ts",
    find: 'total("sentBytes") - terminalBytes',
    replace: 'total("sentBytes")',
    why: "what a terminal shows is no work of who holds a socket beside it",
    case: "what is written beside a socket counts without what the terminals showed",
  },
  {
    ...real,
    file: "src/activity/reading.ts",
    find: 'return readsOnly || part === "screen";',
    replace: "return true;",
    why: "a recording of what a terminal shows is no work",
    case: "behind a program that has a terminal inside its own, both are seen: its copying, and not what it records",
  },
  {
    ...real,
    file: "src/activity/job.ts",
    find: 'part === "helper" && !holdings.relays',
    replace: 'part === "helper"',
    why: "the relay of a nested ssh moves what its user sees",
    case: "a relay of its connection is no work, what fetches something for it is",
  },
  {
    ...real,
    file: "src/activity/held.ts",
    find: "descriptorsIn(pid, Math.min(left, MOST_DESCRIPTORS), isOver)",
    replace: "descriptorsIn(pid, 1e6, isOver)",
    why: "a process may hold a million descriptors",
    case: "is read of the lowest descriptors only, of a process that holds very many",
  },
  {
    ...pure,
    file: "src/activity/busy.ts",
    find: 'part === "line" || part === "shell";',
    replace: "true || part;",
    why: "a viewer that starts short commands for ever does not work",
    case: "what a program that waits for keys starts counts once it has stayed",
  },
  {
    test: "test/cases/must-live-work.test.ts",
    file: "src/activity/busy.ts",
    find: "screen: { cpu: false, all: false, files: true },",
    replace: "screen: { cpu: false, all: false, files: false },",
    why: "a copy inside a program that waits for keys is work",
    case: "copying in a program that waits for keys",
  },
];
