// What keeps root from touching more than it means to where others may write, and from reading on its terminal what others command.
import type { Guard } from "./guard.ts";

export const guards: readonly Guard[] = [
  {
    file: "src/make-file.ts",
    find: "    writeFileSync(fd, text);\n    fchmodSync(fd, mode);",
    replace:
      '    writeFileSync(fd, text);\n    process.getBuiltinModule("node:fs")["chmod" + "Sync"](path, mode);',
    why: "a new file gets its mode by its descriptor, not by a name that is somebody else's link by now",
    case: "a link that takes the place of a file while it is made gets no mode",
    project: "unit",
    test: "test/unit/make-file.test.ts",
  },
  {
    file: "src/make-file.ts",
    find: "O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600",
    replace: "O_WRONLY | O_CREAT, 0o600",
    why: "a new file is never written through a link",
    case: "nothing is made or changed through a link",
    project: "unit",
    test: "test/unit/make-file.test.ts",
  },
  {
    file: "src/commands/output.ts",
    find: "safeJson(JSON.stringify(value, null, 2))",
    replace: "JSON.stringify(value, null, 2)",
    why: "JSON on a terminal commands nothing",
    case: "JSON that is printed holds none of it, and means the same",
    project: "unit",
    test: "test/unit/unseen.test.ts",
  },
  {
    file: "src/commands/output.ts",
    find: 'printable(message.trim().replace(/s*\ns*/g, " "))',
    replace: "message.trim()",
    why: "names of files in errors command nothing",
    case: "an error is one line of what can be seen",
    project: "unit",
    test: "test/unit/unseen.test.ts",
  },
  {
    file: "src/commands/tree-text.ts",
    find: "above.depth >= DEEPEST",
    replace: "above.depth >= 1e9",
    why: "a chain of processes is drawn and nested no deeper than a reader can follow",
    case: "a chain of ten thousand processes is told whole, in lines and in JSON",
    project: "unit",
    test: "test/unit/unseen.test.ts",
  },
];
