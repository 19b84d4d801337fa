// What the policy says of a lock, and who is told.
import type { Mutation } from "./mutation.ts";

const rows = { test: "test/unit/policy/limits.test.ts" } as const;
const schema = { test: "test/unit/build/json-schema.test.ts" } as const;
const warnings = { test: "test/unit/policy/lock-warnings.test.ts" } as const;
const hooks = { test: "test/unit/setup/visible-hooks.test.ts" } as const;
const rehearsal = { test: "test/unit/commands/explain/rehearse.test.ts" } as const;

export const mutations: readonly Mutation[] = [
  {
    ...rows,
    file: "src/policy/values.ts",
    find: 'kind === "count" ? value : formatDuration(value)',
    replace: "formatDuration(value)",
    why: "a count is told as a number",
    case: "is told as a file writes it, and in seconds",
  },
  {
    ...rows,
    file: "src/policy/values.ts",
    find: 'if (kind === "duration")',
    replace: 'if (typeof value === "number")',
    why: "a count is no duration",
    case: "is told as a file writes it, and in seconds",
  },
  {
    ...schema,
    file: "src/policy/schema.ts",
    find: 'v.minValue(1, wanted("at least 1")),',
    replace: "",
    why: "a lock takes at least one answer",
    case: "no tries at all",
  },
  {
    ...warnings,
    file: "src/policy/lock-warnings.ts",
    find: "hooks.length === 0 || hooks.some((hook) => CAN_LOCK.includes(hook))",
    replace: "false",
    why: "nobody is warned of a lock that works",
    case: "is not warned of where the pam hook is, beside another one too, nor where no hook is yet",
  },
  {
    ...warnings,
    file: "src/policy/lock-warnings.ts",
    find: 'at_limit === "lock" ? [{ file, path',
    replace: 'at_limit === "end" ? [{ file, path',
    why: "a lock for some that no hook can give is warned of too",
    case: "is warned of in the file that is in force, and in each rule",
  },
  {
    ...hooks,
    file: "src/setup/visible-hooks.ts",
    find: "servicesOf(PAM_DIRECTORY).some(isGuarded)",
    replace: "servicesOf(PAM_DIRECTORY).length > 0",
    why: "a host with PAM need not have the pam hook",
    case: "each hook is seen by its file, the pam hook by its line in any service",
  },
  {
    ...rehearsal,
    file: "src/commands/explain/rehearse.ts",
    find: ' && behaviour.kind === "terminal"',
    replace: "",
    why: "no lock is told of a login that has nothing to lock",
    case: "has no lock where nothing can lock: without a terminal, for the age of a login, without a limit",
  },
  {
    ...rehearsal,
    file: "src/commands/explain/rehearse.ts",
    find: "maxLoginMs <= closedMs",
    replace: "false",
    why: "the age of a login ends it although its terminal is locked",
    case: "tells the lock in the place of the end, and the end of a terminal that stays locked",
  },
  {
    file: "src/commands/explain/explain.ts",
    find: " && !isLockable",
    replace: " && false",
    why: "no lock is told where no hook can lock",
    case: "says that the limit closes a terminal where no hook can lock it",
    test: "test/unit/commands/explain/explain.test.ts",
  },
  {
    file: "src/commands/config/warnings.ts",
    find: "...(await lockWarnings(files, visibleHooks()))",
    replace: "",
    why: "a check of a policy warns of a lock that no hook can give",
    case: "of a policy are the names that this host does not know, and the locks that its hooks cannot give",
    test: "test/unit/commands/config/warnings.test.ts",
  },
  {
    file: "src/notice/text.ts",
    find: "= facts.locks",
    replace: "= false",
    why: "a notice does not say that a terminal closes if it locks",
    case: "says that the terminal locks, where the limit locks it",
    test: "test/unit/notice/text.test.ts",
  },
  {
    file: "src/guard/act.ts",
    find: 'scene.applied.limits.atLimit === "lock"',
    replace: "false",
    why: "a notice says what the limit of its login does",
    case: "a notice says that the terminal locks, if the limit locks it; that of the login's age does not",
    test: "test/unit/guard/act.test.ts",
  },
];
