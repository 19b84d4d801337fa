// What a policy says where the host cannot tell all that it asks for, and what is said of a policy.
import type { Mutation } from "./mutation.ts";

const groups = { test: "test/unit/policy/groups.test.ts" } as const;
const decided = { test: "test/unit/guard/decide.test.ts" } as const;
const rows = { test: "test/unit/policy/limits.test.ts" } as const;
const rivals = { test: "test/unit/commands/doctor/rivals.test.ts" } as const;
const worked = { test: "test/unit/guard/busy-max.test.ts" } as const;

export const mutations: readonly Mutation[] = [
  {
    ...groups,
    file: "src/policy/groups.ts",
    find: "if (said && onlyNameless(said.stderr)) return said;",
    replace: "",
    why: "a group without a name takes none of the others away",
    case: "keeps a name with blanks whole, and leaves out a group without a name, and no other",
  },
  {
    ...groups,
    file: "src/policy/groups.ts",
    find: "lines.length > 0 && lines.every((line) => NAMELESS.test(line))",
    replace: "true",
    why: "half an answer is none",
    case: "knows of no groups where id hangs, tells of none, or fails otherwise than for a nameless one",
  },
  {
    ...decided,
    file: "src/policy/apply.ts",
    find: "return first !== undefined && first.match.groups.length > 0;",
    replace: "return true;",
    why: "nobody is asked for groups that concern nobody",
    case: "nobody asks for groups where no group concerns the user",
  },
  {
    ...decided,
    file: "src/guard/decide.ts",
    find: "if (before?.fault !== undefined && readClocks().bootMs < before.askAtMs) return before;",
    replace: "",
    why: "a directory that hangs does not hold up each check",
    case: "is not asked at each check, and ever more rarely",
  },
  {
    ...decided,
    file: "src/guard/decide.ts",
    find: "return { names: before?.names, failures,",
    replace: "return { names: undefined, failures,",
    why: "a directory that hangs takes no group from anybody",
    case: "leaves the last answer, and the rest of the policy as it is by now",
  },
  {
    ...decided,
    file: "src/guard/decide.ts",
    find: "lastGood: isGood ? applied : lastGood, groups: asked",
    replace: "lastGood: applied, groups: asked",
    why: "a doubt is no answer that is kept",
    case: "leaves a login of which nothing is known in doubt, not exempt, until it answers",
  },
  {
    file: "src/login/user.ts",
    find: "(names.isSilent() ? candidates[0] : undefined)",
    replace: "undefined",
    why: "a directory that hangs takes no exemption by name from anybody",
    case: "where the system does not answer, the name that sshd's own title tells is believed, and no other",
    test: "test/unit/login/user.test.ts",
  },
  {
    file: "src/policy/names.ts",
    find: "if (isKnown(it.name, names)) return [];",
    replace: "return [];",
    why: "a name that fits nobody is not passed over without a word",
    case: "each has the place that it stands at, in whichever file",
    test: "test/unit/policy/names.test.ts",
  },
  {
    ...worked,
    file: "src/activity/busy.ts",
    find: "Math.max(0, busyMaxMs - limitMs)",
    replace: "busyMaxMs",
    why: "work keeps a login for busy_max after the last key, not for the limit on top",
    case: "ends at busy_max after the last key, and is warned before that",
  },
  {
    ...worked,
    file: "src/guard/observe.ts",
    find: "atMs: busyAtMs(nowMs, usedMs, limits.busyMaxMs, limits.noTerminalMs),",
    replace: "atMs: nowMs,",
    why: "without a terminal work keeps a login for busy_max too",
    case: "ends at busy_max after the last key, and is warned before that",
  },
  {
    ...rivals,
    file: "src/commands/doctor/rivals.ts",
    find: "const last = found.at(-1);",
    replace: "const last = found[0];",
    why: "the file that logind reads last is the one that counts",
    case: "the last file that sets it says when logind stops an idle session, and only under [Login]",
  },
  {
    ...rivals,
    file: "src/sshd/listener.ts",
    find: 'if (OF_CONFIGURATION.includes(word[at] ?? "")) found.push',
    replace: 'if (word[at] === "f") found.push',
    why: "an sshd is asked with the settings of its own command line",
    case: "the options of ",
  },
  {
    ...rows,
    file: "src/guard/memory-form.ts",
    find: "v.optional(kept, inJson(harmless))",
    replace: "kept",
    why: "what a check remembers from before there was a key is still read",
    case: "ends nobody where no policy can be had, nor in a memory that lacks it, unless that is no memory",
  },
  {
    ...rows,
    file: "src/guard/decide.ts",
    find: "LIMITS[key].harmless",
    replace: "LIMITS[key].byDefault",
    why: "no limit stands where no policy can be had",
    case: "ends nobody where no policy can be had, nor in a memory that lacks it, unless that is no memory",
  },
  {
    ...rows,
    file: "src/policy/merge.ts",
    find: "rulesOf(file, base)",
    replace: "rulesOf(file, DEFAULT_LIMITS)",
    why: "a rule takes what it leaves out from the top level",
    case: "is read at the top level and in a rule, which else has it from there",
  },
];
