// What holds on hosts that deny more, and with an OpenSSH that says things in another way.
import type { Mutation } from "./mutation.ts";

const watchdog = { test: "test/unit/pam/watchdog.host.test.ts" } as const;
const jitless = { test: "test/e2e/jitless.test.ts" } as const;

export const mutations: readonly Mutation[] = [
  {
    ...watchdog,
    file: "pam/watchdog",
    find: "\t133 | 134)\n",
    replace: "\tnone)\n",
    why: "a check that V8 kills as it starts is run without its compiler",
    case: "where V8 may not make memory executable, checks run without its compiler from then on",
  },
  {
    ...watchdog,
    file: "pam/watchdog",
    find: "case $started$status in",
    replace: "case $status in",
    why: "a check that has started once needs no other Node: it may have acted before it died",
    case: "does without V8's compiler only where that mends it",
  },
  {
    ...jitless,
    file: "src/setup/programs.ts",
    find: '*"failed to map"*',
    replace: '*"no such words"*',
    why: "the command runs where memory may not be made executable",
    case: "the command works, on a terminal too, with its input, output and status",
  },
  {
    ...jitless,
    file: "pam/forced-command",
    find: "for jitless in '' --jitless; do",
    replace: "for jitless in ''; do",
    why: "a wrap starts where memory may not be made executable",
    case: "a wrap starts, and ends an idle login",
  },
  {
    test: "test/unit/setup/parts.test.ts",
    file: "src/sshd/sshd.ts",
    find: "(blank < 0 ? line : line.slice(0, blank)).toLowerCase()",
    replace: "blank < 0 ? line : line.slice(0, blank)",
    why: "OpenSSH from 10.5 on prints keywords in mixed case",
    case: "a setting of sshd is found by its keyword in lower case",
  },
  {
    test: "test/unit/setup/parts.test.ts",
    file: "src/sshd/sshd.ts",
    find: 'keyword === "tcpkeepalive" ? (YES_OR_NO[value] ?? value) : value',
    replace: "value",
    why: "OpenSSH from 10.5 on prints one yes as true",
    case: "a setting of sshd is found by its keyword in lower case",
  },
  {
    test: "test/unit/login/user.test.ts",
    file: "src/login/user.ts",
    find: "(?:priv|postauth)",
    replace: "(?:priv)",
    why: "OpenSSH from 10.5 on calls the privileged sshd of a login otherwise",
    case: "the user in the title of an sshd",
  },
];
