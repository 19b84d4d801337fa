// What keeps a lock closed against the processes of its user, and harmless for others.
import type { Mutation } from "./mutation.ts";

const attributes = "test/unit/lock/attributes.host.test.ts";
const door = "test/unit/lock/door.host.test.ts";
const holding = "test/unit/lock/hold.host.test.ts";
const locking = "test/unit/lock/locker.host.test.ts";
const probing = "test/unit/lock/probe.host.test.ts";

export const mutations: readonly Mutation[] = [
  {
    file: "src/lock/attributes.ts",
    find: "const isHeld = !restoreDiscipline(fd) && isTaken(fd)",
    replace: "const isHeld = isTaken(fd)",
    why: "a job that takes the line discipline away does not break a lock",
    case: "a terminal whose line discipline somebody took away gets it back",
    test: attributes,
  },
  {
    file: "src/lock/locker.ts",
    find: "if (error instanceof MustGiveBack || error instanceof TerminalGone) throw error;",
    replace: "throw error;",
    why: "what a user makes fail does not open a lock",
    case: "what goes wrong while it looks does not open a lock: nothing is asked until it works again",
    test: locking,
  },
  {
    file: "src/lock/locker.ts",
    find: "isRecent ? HIDDEN : undefined",
    replace: "undefined",
    why: "no password is asked while a hidden process reads it",
    case: "nothing is asked while somebody reads whom nobody can find",
    test: locking,
  },
  {
    file: "src/lock/probe.ts",
    find: "isRead: isAsked && !isHere && length < MUCH",
    replace: "isRead: isAsked && !isHere",
    why: "a paste does not look like a reader",
    case: "it is no sign of the user, and a paste that fills the terminal is no sign of a reader",
    test: probing,
  },
  {
    file: "src/lock/hold.ts",
    find: "const [running] = await stopper.running(STOPS_WITHIN_MS);",
    replace: "const [running]: readonly ProcessRef[] = [];",
    why: "a tracer that keeps a program from being stopped keeps no terminal usable",
    case: "what cannot be stopped is not locked: its tracer lets no SIGSTOP through",
    test: holding,
  },
  {
    file: "src/login/process.ts",
    find: "  if (stat.threads <= 1) return [stat.state];\n",
    replace: "  return [stat.state];\n",
    why: "a program whose first thread has ended is not taken for one that stands still",
    case: "a program whose first thread has ended is stopped again like others",
    test: holding,
  },
  {
    file: "src/lock/holders.ts",
    find: "  return isBelow(stat, [login.server.pid], processes);\n}\n\ninterface Context",
    replace: "  return true;\n}\n\ninterface Context",
    why: "a user cannot have a service of the host stopped by sending it their terminal",
    case: "a service of the host that was sent the terminal goes on, and so does the shell",
    test: holding,
  },
  {
    file: "src/lock/door.ts",
    find: "  admit(socket, strangers);\n",
    replace: "",
    why: "another user cannot use up the descriptors of a locker, so that nobody can unlock",
    case: "strangers who stay after the answer take no descriptor of its",
    test: door,
  },
];
