// What an administrator is told who installs on a host that lacks something.
import type { Mutation } from "./mutation.ts";

const refused = { test: "test/e2e/install-refused.test.ts" } as const;

export const mutations: readonly Mutation[] = [
  {
    ...refused,
    file: "src/setup/own-node.ts",
    find: "if (ran.status !== 0) throw doesNotStart(found, ran);",
    replace: "if (ran === undefined) throw doesNotStart(found, ran);",
    why: "a Node that this host cannot start is not installed",
    case: "a Node that cannot start here is not copied: the missing library is named, and nothing changed",
  },
  {
    ...refused,
    file: "src/setup/programs.ts",
    find: "LD_TRACE_LOADED_OBJECTS=1 LD_PRELOAD=",
    replace: ": LD_PRELOAD=",
    why: "the command names the library that its Node lacks, and the remedy",
    case: "the command says what its Node lacks",
  },
  {
    ...refused,
    file: "scripts/build/start.ts",
    find: "< NODE_MAJOR)",
    replace: "< 0 * NODE_MAJOR)",
    why: "the host's own Node, which is too old for the program, starts the build's",
    case: "a host's own Node, however old, installs with the build's",
  },
];
