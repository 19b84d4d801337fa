// What the limit itself rests on.
import type { Mutation } from "./mutation.ts";

export const mutations: readonly Mutation[] = [
  {
    file: "src/guard/countdown.ts",
    find: "const endsAtMs = Math.max(dueMs, promisedMs);",
    replace: "const endsAtMs = dueMs;",
    why: "a notice that came late promises its whole time",
    case: "gets the whole notice when the check comes late or the limit is lowered",
    test: "test/unit/guard/judge.test.ts",
  },
  {
    file: "src/guard/judge.ts",
    find: "if (first && ending.length === subjects.length && !commandsLive)",
    replace: "if (first)",
    why: "an idle terminal does not take a busy one of the same login along",
    case: "the idle one is hung up alone",
    test: "test/unit/guard/judge.test.ts",
  },
];
