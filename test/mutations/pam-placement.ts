// What keeps an install or uninstall of the pam hook from locking anybody out, and a host from being unguarded unnoticed.
import type { Mutation } from "./mutation.ts";

const e2e = { test: "test/e2e/pam-placement.test.ts" } as const;

export const mutations: readonly Mutation[] = [
  {
    ...e2e,
    file: "src/setup/own-service.ts",
    find: "let waiting = unnamedConnections();",
    replace: "let waiting = unnamedConnections().slice(9);",
    why: "a connection from before the uninstall finds its PAM service",
    case: "while afkill is installed and uninstalled no login is refused, however slow its client is",
  },
  {
    ...e2e,
    file: "src/setup/own-service.ts",
    find: "listenersWithPam().find(({ pid }) => pid !== listener)",
    replace: "listenersWithPam().find(() => false)",
    why: "another sshd keeps the PAM service that it uses",
    case: "where another sshd may use the service, its file stays with what sshd's service says",
  },
  {
    ...e2e,
    file: "src/setup/hook-pam.ts",
    find: "told && path === OWN_SERVICE_FILE",
    replace: "told && path === PAM_DROP_IN",
    why: "an install that fails leaves the PAM service to an sshd that may have heard of it",
    case: "an sshd that does not answer a reload keeps its service when the install is undone",
  },
  {
    ...e2e,
    file: "src/setup/pam-names.ts",
    find: "!UNAWARE.has(nameOf(module)) || args",
    replace: "args",
    why: "a module that does not know the name of afkill's service could refuse everybody",
    case: "a module that may know sshd's service by its name keeps the line in sshd's file, and this is said",
  },
  {
    ...e2e,
    file: "src/setup/pam-placement.ts",
    find: "whyNotByName() ?? whyNotByFiles() ?? whyNotByListeners()",
    replace: "whyNotByName() ?? whyNotByFiles()",
    why: "a second sshd does not lose its watchdogs",
    case: "a second sshd",
  },
  {
    ...e2e,
    file: "src/setup/pam-placement.ts",
    find: "if (other !== undefined)",
    replace: "if (other?.line === 0)",
    why: "an administrator's own PAMServiceName stays",
    case: "another PAMServiceName",
  },
  {
    ...e2e,
    file: "src/commands/sweep/unguarded.ts",
    find: "if (why === lastTold()) return;",
    replace: "if (lastTold() === why.slice(1)) return;",
    why: "an unguarded host is told once",
    case: "a replaced PAM file is noticed, and put right by --repeat",
  },
  {
    ...e2e,
    file: "src/setup/in-effect.ts",
    find: "if (!hasRule(path))",
    replace: "if (!path)",
    why: "an unguarded host is noticed",
    case: "a replaced PAM file is noticed, and put right by --repeat",
  },
];
