// What keeps an install and a package from damaging each other, and a copy of env(1) from being run without its mode.
import type { Mutation } from "./mutation.ts";

const ALONE =
  "an install places the hook alone, an uninstall takes hooks away alone, and another build is refused";

export const mutations: readonly Mutation[] = [
  {
    file: "src/setup/install.ts",
    find: "  if (packaged) mustBeThePackage(dist);\n",
    replace: "  mustBeThePackage;\n",
    why: "a checkout does not overwrite the files of a package",
    case: ALONE,
    test: "test/e2e/packaged.test.ts",
  },
  {
    file: "src/setup/uninstall.ts",
    find: "return isPackaged() ? ",
    replace: "return isPackaged() && !purge ? ",
    why: "afkill never removes the files of a package",
    case: ALONE,
    test: "test/e2e/packaged.test.ts",
  },
  {
    file: "src/setup/packaged.ts",
    find: "files.filter(({ role }) => HOOKS.some((hook) => isOfHook(role, hook)))",
    replace: "HOOKS && isOfHook && files",
    why: "what a package has taken over is forgotten, so that its own files are not taken for edited ones",
    case: "of an install that a package has replaced only the hooks are remembered, and the one directory that a hook makes",
    test: "test/unit/setup/packaged.test.ts",
  },
  {
    file: "src/setup/packaged.ts",
    find: "HOOKS.some((hook) => isOfHook(role, hook))",
    replace: "isOfHook && HOOKS.some((hook) => role === hook)",
    why: "an uninstall of a package's hook knows the files of its PAM service",
    case: "of an install that a package has replaced only the hooks are remembered, and the one directory that a hook makes",
    test: "test/unit/setup/packaged.test.ts",
  },
  {
    file: "src/setup/uninstall.ts",
    find: "    ...planServiceBack(manifest, false),\n",
    replace: "",
    why: "no PAM service names a program of a package that is removed",
    case: "an install places the hook alone, an uninstall takes hooks away alone, and another build is refused",
    test: "test/e2e/packaged.test.ts",
  },
  {
    file: "pam/copy-env",
    find: "chmod 2710 /proc/self/fd/3\n",
    replace: "",
    why: "no login starts a copy of env(1) that would let a user's LD_PRELOAD through to root",
    case: "the copy has its group and its mode before it has its name, and nothing else is left",
    test: "test/e2e/copy-env.test.ts",
  },
  {
    file: "src/commands/doctor/programs.ts",
    find: "[...leftHalfDone(), ...changedSincePackaged()]",
    replace: "leftHalfDone && changedSincePackaged()",
    why: "the doctor knows of an upgrade that a full disk has stopped",
    case: "a package that dpkg could not configure",
    test: "test/e2e/doctor.test.ts",
  },
  {
    file: "pam/session",
    find: "\tsshd=$2\n",
    replace: "",
    why: "a login is guarded where env(1) is that of an old uutils, which waits for its command",
    case: "is watched where env(1) waits for the command instead of becoming it",
    test: "test/e2e/hooks.test.ts",
  },
];
