// What keeps a command that begins as its login ends from being cut off, and a login from living on by such commands.
import type { Mutation } from "./mutation.ts";

const ending = "test/unit/ending/terminal.host.test.ts";
const acting = "test/unit/guard/act-spare.test.ts";

export const mutations: readonly Mutation[] = [
  {
    file: "src/ending/end-login.ts",
    find: 'if (newcomers !== "") {',
    replace: 'if (newcomers === "none") {',
    why: "a session that nobody has judged spares its sshd",
    case: "a session that begins while the last line is said spares the sshd, and only the terminals are ended",
    test: ending,
  },
  {
    file: "src/ending/end-login.ts",
    find: "if (sinceMs !== undefined) {",
    replace: "if (sinceMs === -1) {",
    why: "the sshd of an idle login is looked at once more before it is ended",
    case: "a command that begins as the login ends",
    test: "test/cases/must-live-last-moment.test.ts",
  },
  {
    file: "src/ending/newcomers.ts",
    find: "tryTo(() => send(held, SIGSTOP))",
    replace: "tryTo(() => send(held, SIGCONT))",
    why: "nothing begins between that look and the signal",
    case: "an sshd stands still while it is looked at",
    test: ending,
  },
  {
    file: "src/ending/newcomers.ts",
    find: "send(held, SIGTERM, SIGCONT);",
    replace: "send(held, SIGTERM);",
    why: "an sshd that was stopped for the look acts on its SIGTERM",
    case: "what began before the look spares nobody, and an sshd that was stopped for a look still acts on SIGTERM",
    test: ending,
  },
  {
    file: "src/guard/act.ts",
    find: "SPARING.includes(cause) && maySpare(ids, stage)",
    replace: "maySpare(ids, stage)",
    why: "no session that begins keeps a login from max_login",
    case: "an ending",
    test: acting,
  },
  {
    file: "src/guard/act.ts",
    find: "Math.max(...dueMs) + SPARED_MS",
    replace: "Math.max(...dueMs) + 1000 * SPARED_MS",
    why: "who begins one session after the other is ended soon after the limit",
    case: "an ending",
    test: acting,
  },
];
