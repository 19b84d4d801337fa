// What a look, and the check that makes it, rests on where somebody or something does not want it to end.
import type { Mutation } from "./mutation.ts";

const late = { test: "test/unit/activity/late.test.ts" } as const;

const watchdog = { test: "test/unit/pam/watchdog.host.test.ts", file: "pam/watchdog" } as const;
const afar = { test: "test/unit/ending/from-afar.host.test.ts" } as const;

export const mutations: readonly Mutation[] = [
  {
    test: "test/unit/build/bundle.test.ts",
    file: "scripts/build/bundle.ts",
    find: "return code.equals(kept.subarray(code.length)) ? code : undefined;",
    replace: "return code;",
    why: "a byte that a disk has lost crashes no check",
    case: "code of which a byte has changed, or which was cut off, is not taken",
  },
  {
    ...late,
    file: "src/activity/look.ts",
    find: "beginLook(SSHD_MS)",
    replace: "isOver",
    why: "what a user gives a look to read takes no word of sshd's away",
    case: "what sshd has moved, and its terminals, are told when the time of the look is up",
  },
  {
    test: "test/unit/login/client.test.ts",
    file: "src/login/login.ts",
    find: "askClient(it.ref.pid) ?? ",
    replace: "",
    why: "what others connect to makes no look at a login longer",
    case: "root asks the socket of an sshd, and reads no list of all that the host has",
  },
  {
    ...late,
    file: "src/login/terminal.ts",
    find: "return mastersOf(server).flatMap(",
    replace: "return mastersOf(server, isOver).flatMap(",
    why: "no terminal is passed over for want of time",
    case: "what sshd has moved, and its terminals, are told when the time of the look is up",
  },
  {
    ...late,
    file: "src/activity/traffic.ts",
    find: "if (isOver()) return LATE;",
    replace: "if (isOver()) break;",
    why: "half of an sshd's counters pass for no use at the next look",
    case: "more connections than can be asked in time are no half of them, and a fault",
  },
  {
    ...late,
    file: "src/guard/observe.ts",
    find: "return isAsked && memory.use ? { ...memory.use, closeSinceMs: undefined } : undefined;",
    replace: "return undefined as UseState | undefined;",
    why: "what a connection was used for is not forgotten for one late answer",
    case: "what the connection was used for stays known where sshd did not tell in time, and no key is borne out",
  },
  {
    ...watchdog,
    find: '[ -z "$afar" ] || set -- "$@" "$afar"',
    replace: "true",
    why: "whoever makes a look hang gains time by it once",
    case: "a check that cannot even be killed is left behind, and while it hangs no other comes near",
  },
  {
    ...watchdog,
    find: "kill -USR1 $$",
    replace: "true",
    why: "a check that nothing ends keeps no watchdog waiting",
    case: "a check that cannot even be killed is left behind, and while it hangs no other comes near",
  },
  {
    ...watchdog,
    find: 'still_hangs "$abandoned"; then',
    replace: "false; then",
    why: "no second check is lost where one could not be killed",
    case: "a check that cannot even be killed is left behind, and while it hangs no other comes near",
  },
  {
    ...afar,
    file: "src/activity/look.ts",
    find: "const ask = isFromAfar ? glance : touch;",
    replace: "const ask = touch;",
    why: "a terminal that hangs whoever asks it is not asked again",
    case: "the keys of a terminal show in its times, and nothing else of it is asked",
  },
  {
    ...afar,
    file: "src/login/terminal.ts",
    find: "deepest: isFromAfar ? 1 : DEEPEST",
    replace: "deepest: DEEPEST",
    why: "what a user's process holds is not taken where that hung",
    case: "no descriptor of a user's own process is taken: a terminal inside is not looked for",
  },
  {
    ...afar,
    file: "src/activity/input.ts",
    find: "unreadBytes = previous?.unreadBytes ?? []",
    replace: "unreadBytes = []",
    why: "keys that are not asked for do not pass for read",
    case: "keys that nobody has read yet count neither as new ones nor as read",
  },
  {
    ...afar,
    file: "src/ending/from-afar.ts",
    find: "? hangUp(terminal, { ...manner, asRoot: false })",
    replace: "? hangUp(terminal, manner)",
    why: "a line that cannot be hung up keeps no ending waiting",
    case: "a terminal is ended by signals to its leader, without a word on it",
  },
];
