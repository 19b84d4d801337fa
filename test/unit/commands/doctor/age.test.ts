import { expect, test } from "vitest";
import { type Ages, problemsOf, spoken } from "../../../../src/commands/doctor/age.ts";

const NOW = { afkill: { version: "1.2.3", since: "2026-11-28", days: 1 } };
const own = (days: number): Ages => ({ ...NOW, node: { version: "26.10.0", since: "2026-09-22", days } });

test.each<[string, Ages, string]>([
  [
    "the build's own Node",
    own(67),
    "afkill 1.2.3 of 2026-11-28, 1 day old; its Node 26.10.0 of 2026-09-22, 67 days old",
  ],
  [
    "one that was put in",
    { ...NOW, node: { version: "26.12.1", since: "2026-10-21", days: 38, placed: "2026-11-27" } },
    "afkill 1.2.3 of 2026-11-28, 1 day old; its Node 26.12.1 of 2026-10-21, 38 days old, put in on 2026-11-27",
  ],
  [
    "one of an unknown release",
    { ...NOW, node: { version: "26.12.1", since: "2026-11-27", days: 1, placed: "2026-11-27" } },
    "afkill 1.2.3 of 2026-11-28, 1 day old; its Node 26.12.1, put in on 2026-11-27, 1 day ago",
  ],
  [
    "a build that does not know its day",
    { ...own(67), afkill: { version: "1.2.3" } },
    "afkill 1.2.3 of an unknown day; its Node 26.10.0 of 2026-09-22, 67 days old",
  ],
])("the ages are told of %s", (_, ages, line) => expect(spoken(ages)).toBe(line));

test("a Node is old after 120 days, and that is a warning with its remedy", () => {
  expect(problemsOf(own(120))).toEqual([]);
  expect(problemsOf(own(121))).toEqual([
    {
      level: "warning",
      what: `${spoken(own(121))}: fixes of Node's security may be missing`,
      remedy: "upgrade afkill, or put in a newer Node: sudo afkill install --node FILE",
    },
  ]);
});
