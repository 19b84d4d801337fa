// What keeps a Node from being put in place that is none, is too old or does not work, and what says that ours is old.
import type { Mutation } from "./mutation.ts";

const TEST = "test/e2e/node.test.ts";
const KEPT =
  "a newer Node is put in; logins before and after are warned and ended; later installs keep the newer one";
const BESIDE =
  "beside a package's Node: one that fails once it is in place leaves nothing, and another diversion is not touched";

export const mutations: readonly Mutation[] = [
  {
    file: "src/setup/node-copy.ts",
    find: "constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK",
    replace: "constants.O_RDONLY | constants.O_NONBLOCK",
    why: "what is named is the program itself, not what a link leads to by now",
    case: "a link",
    test: TEST,
  },
  {
    file: "src/setup/node-copy.ts",
    find: 'head.toString("latin1", 0, 4) === "\\x7fELF" && ',
    replace: "true || ",
    why: "a script is not put in the place of Node",
    case: "a script",
    test: TEST,
  },
  {
    file: "src/setup/other-node.ts",
    find: 'run(copy, ["--version"], NOBODY)',
    replace: 'run(copy, ["--version"])',
    why: "a file that may be anything is not tried as root",
    case: "what prints something else",
    test: TEST,
  },
  {
    file: "src/setup/other-node.ts",
    find: "if (compareReleases(version, build.node.version) < 0)",
    replace: "if (version === build.node.version)",
    why: "programs that a Node is too old for start their own Node, which would be that one again",
    case: "an old Node",
    test: TEST,
  },
  {
    file: "src/setup/other-node.ts",
    find: "if (why !== undefined) throw new SetupError(",
    replace: "if (why === NODE) throw new SetupError(",
    why: "a Node is tried before it is put in place",
    case: "what cannot load a native module",
    test: TEST,
  },
  {
    file: "src/setup/other-node.ts",
    find: "if (why !== undefined) throw new Error(why);",
    replace: "if (why === NODE) throw new Error(why);",
    why: "a Node that does not work in its place is taken away again",
    case: "what fails only once it is in place",
    test: TEST,
  },
  {
    file: "src/setup/other-node.ts",
    find: "  isDue(directory(PROGRAM_DIRECTORY));\n",
    replace: "",
    why: "nobody else can replace the copy between its trial and its use",
    case: "a program directory that others can write to",
    test: TEST,
  },
  {
    file: "src/setup/other-node.ts",
    find: "if (path === NODE) return file(NODE, 0o755, { copyOf: NODE });",
    replace: "if (path === NODE) return change;",
    why: "an install does not put an older Node in the place of a newer one",
    case: KEPT,
    test: TEST,
  },
  {
    file: "src/setup/other-node.ts",
    find: "isMade ? { copyOf: path } : codeFor(NODE, dist, name)",
    replace: "isMade ? { copyOf: path } : { copyOf: join(dist, name) }",
    why: "the V8 code of an upgrade is that of the Node that stays",
    case: KEPT,
    test: TEST,
  },
  {
    file: "src/setup/node-choice.ts",
    find: "if (!look(NODE)?.isFile() || wasEdited(NODE, before))",
    replace: "if (!look(NODE)?.isFile())",
    why: "only the Node that was tried stays",
    case: "a copy that a killed run has left goes with the next Node; one that was replaced by hand does not stay",
    test: TEST,
  },
  {
    file: "src/setup/other-node.ts",
    find: 'if (diversion === "begins") undivert();',
    replace: "",
    why: "a Node that could not be put in leaves dpkg as it was",
    case: BESIDE,
    test: TEST,
  },
  {
    file: "src/setup/diversion.ts",
    find: "    undo();\n",
    replace: "    undo;\n",
    why: "where dpkg refuses the diversion there is no second copy of Node",
    case: BESIDE,
    test: TEST,
  },
  {
    file: "scripts/lib/node-releases.ts",
    find: "const state = since.some(({ security }) => security)",
    replace: "const state = since.at(-1)?.security",
    why: "a security release stays one when another release follows it",
    case: "behind a security release, wherever that stands in the list",
    test: "test/unit/scripts/node-releases.test.ts",
  },
  {
    file: "scripts/check-node.ts",
    find: "if (!answer.ok) throw",
    replace: "if (answer.bodyUsed) throw",
    why: "a server's error is no answer",
    case: "a mirror is asked, and one that answers with an error, or not at all, is no answer",
    test: "test/unit/scripts/check-node.test.ts",
  },
];
