// Guards of what a login's terminals are, and of a look that fails or hangs.
import type { Mutation } from "./mutation.ts";

const terminals = { test: "test/cases/not-fooled-terminals.test.ts" } as const;
const loop = { test: "test/unit/guard/blind.test.ts" } as const;

export const mutations: readonly Mutation[] = [
  {
    ...terminals,
    file: "src/login/terminal.ts",
    find: "if (mayAsk(server.pid))",
    replace: "if (false)",
    why: "root takes terminals from the sshd, and from nobody's word",
    case: "a leader with a terminal of another devpts that is called as another user's",
  },
  {
    ...terminals,
    file: "src/activity/look.ts",
    find: "if (tops.length <= givenUp)",
    replace: "if (tops.length === 0)",
    why: "who gives a terminal up becomes no command by that",
    case: "a leader that gives its terminal up, with and without work beside it",
  },
  {
    ...terminals,
    file: "src/login/masters.ts",
    find: "return withMaster(master, openPeer);",
    replace: "return openByName({ ...master, number: 0 });",
    why: "a terminal is opened by its master",
    case: "a leader with a terminal of another devpts that is called as another user's",
  },
  {
    test: "test/unit/login/terminal.test.ts",
    file: "src/login/masters.ts",
    find: "if (ptyNumberOfMaster(master) !== number) throw new MasterGone(number);",
    replace: "",
    why: "a descriptor can be another terminal's by now",
    case: "only the terminal that was meant is opened",
  },
  {
    ...loop,
    file: "src/guard/guard.ts",
    find: "    host.endAfter(LONGEST_LOOK_S);\n    const asked",
    replace: "    const asked",
    why: "a look that hangs ends",
    case: "a look is bounded, what comes of it too, and the sleep after it is not",
  },
  {
    ...loop,
    file: "src/guard/host.ts",
    find: "{ isFromAfar, isBlind, ",
    replace: "{ isFromAfar, ",
    why: "after a look that hung no process of the user's is looked at",
    case: "after a look that hung no process of the user's is looked at, and no terminal is opened",
  },
  {
    ...loop,
    file: "src/guard/guard.ts",
    find: "  } catch (failure) {\n    const terminals",
    replace: "  } catch (failure) {\n    if (failure) throw failure;\n    const terminals",
    why: "age is judged whatever fails",
    case: "a login that is as old as max_login allows ends",
  },
  {
    test: "test/unit/pam/watchdog.host.test.ts",
    file: "pam/watchdog",
    find: '\t\trun_check "$@" --blind',
    replace: "\t\t:",
    why: "a look that hangs spares no login whose age is up",
    case: "has the age of its login judged where a look hangs",
  },
];
