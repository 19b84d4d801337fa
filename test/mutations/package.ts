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
    find: "files: files.filter(isOurs),",
    replace: "files: isOurs && files,",
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
    file: "src/setup/packaged.ts",
    find: "...(withNode && node !== undefined && { node }),",
    replace: "...(withNode && { node: undefined }),",
    why: "what is done to hooks does not forget an administrator's Node",
    case: "of an install that a package has replaced only the hooks are remembered, and the one directory that a hook makes",
    test: "test/unit/setup/packaged.test.ts",
  },
  {
    file: "src/setup/package-manager.ts",
    find: "if (lines.length === 0) return undefined;",
    replace: "",
    why: "a package manager that does not answer has not said that all is well",
    case: "is no answer",
    test: "test/unit/setup/package-manager.test.ts",
  },
  {
    file: "src/commands/doctor/selinux.ts",
    find: ' && OF_SSHD.test(field("scontext", what))',
    replace: " && OF_SSHD !== undefined",
    why: "a user cannot make the doctor warn by the name of a program",
    case: "is not",
    test: "test/unit/commands/doctor/selinux.test.ts",
  },
  {
    file: "src/commands/doctor/programs.ts",
    find: "[...leftHalfDone(), ...changed",
    replace: "[...(leftHalfDone && []), ...changed",
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
