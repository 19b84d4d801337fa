// What keeps root from touching more than it means to where others may write.
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
];
