// What keeps root from touching more than it means to where others may write, and from reading on its terminal what others command.
import type { Mutation } from "./mutation.ts";

export const mutations: readonly Mutation[] = [
  {
    file: "src/system/make-file.ts",
    find: "    writeFileSync(fd, text);\n    fchmodSync(fd, mode);",
    replace:
      '    writeFileSync(fd, text);\n    process.getBuiltinModule("node:fs")["chmod" + "Sync"](path, mode);',
    why: "a new file gets its mode by its descriptor, not by a name that is somebody else's link by now",
    case: "a link that takes the place of a file while it is made gets no mode",
    test: "test/unit/system/make-file.test.ts",
  },
  {
    file: "src/system/make-file.ts",
    find: "O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600",
    replace: "O_WRONLY | O_CREAT, 0o600",
    why: "a new file is never written through a link",
    case: "nothing is made or changed through a link",
    test: "test/unit/system/make-file.test.ts",
  },
  {
    file: "src/console/output.ts",
    find: "safeJson(JSON.stringify(value, null, 2))",
    replace: "JSON.stringify(value, null, 2)",
    why: "JSON on a terminal commands nothing",
    case: "JSON that is printed holds none of it, and means the same",
    test: "test/unit/text/unseen.test.ts",
  },
  {
    file: "src/console/output.ts",
    find: "afkill: ${printable(message",
    replace: "afkill: ${String(message",
    why: "names of files in errors command nothing",
    case: "an error is one line of what can be seen",
    test: "test/unit/text/unseen.test.ts",
  },
  {
    file: "src/commands/tree/text.ts",
    find: "above.depth >= DEEPEST",
    replace: "above.depth >= 1e9",
    why: "a chain of processes is drawn and nested no deeper than a reader can follow",
    case: "a chain of ten thousand processes is told whole, in lines and in JSON",
    test: "test/unit/text/unseen.test.ts",
  },
  {
    file: "src/commands/sweep/log-file.ts",
    find: "status.nlink > 1 || ",
    replace: "",
    why: "a log is no second name of another file of root's",
    case: "a log is a file of root's alone: no link, no second name of another file, no FIFO",
    test: "test/unit/system/make-file.test.ts",
  },
  {
    file: "src/sshd/read-key-file.ts",
    find: "openSync(path, O_PATH)",
    replace: "openSync(path, constants.O_NONBLOCK)",
    why: "what a user's path leads to is looked at before it is opened",
    case: "a device, a FIFO and a directory are never opened, nor are files of the kernel's",
    test: "test/unit/sshd/read-key-file.host.test.ts",
  },
  {
    file: "src/sshd/read-key-file.ts",
    find: "isRoots(path) ? {",
    replace: "isRoots(dirname(dirname(dirname(path)))) ? {",
    why: "a file that a user decides on is read as that user",
    case: "a link is followed, as sshd does, but never to what the user may not read",
    test: "test/unit/sshd/read-key-file.host.test.ts",
  },
];
