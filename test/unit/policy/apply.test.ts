import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LOGIN_KINDS } from "../../../src/audit/words.ts";
import { apply, asksForGroups } from "../../../src/policy/apply.ts";
import { matchWith } from "../../../src/policy/match.ts";
import { DEFAULT_LIMITS } from "../../../src/policy/merge.ts";
import { isWithin, parseNetwork } from "../../../src/policy/network.ts";
import { isNegated } from "../../../src/policy/pattern.ts";
import {
  appliedTo,
  type Policy,
  type Rule,
  withIdleTimeout,
  withoutLock,
} from "../../../src/policy/policy.ts";

function rule(name: string, match: Partial<Rule["match"]>): Rule {
  const limits = { ...DEFAULT_LIMITS, message: name };
  return { name, match: matchWith(match), limits };
}

function policy(rules: Rule[], exempt: Partial<Policy["exempt"]> = {}): Policy {
  const none = { users: [], groups: [], maxLoginMs: Number.POSITIVE_INFINITY };
  return { base: DEFAULT_LIMITS, exempt: { ...none, ...exempt }, rules, files: [] };
}

const alice = { user: "alice", groups: ["alice", "staff", "domain users"], address: "10.1.2.3" };

describe("rules", () => {
  it("go by the top level when none matches", () => {
    const applied = apply(policy([rule("bob's", { users: ["bob"] })]), alice);
    expect(applied).toEqual({ rule: "top level", exempt: false, limits: DEFAULT_LIMITS });
  });

  it("go by the first that matches, with its own limits", () => {
    const rules = [
      rule("1", { users: ["bob"] }),
      rule("2", { groups: ["staff"] }),
      rule("3", { users: ["alice"] }),
    ];
    expect(apply(policy(rules), alice)).toEqual({ rule: "2", exempt: false, limits: rules[1]?.limits });
    expect(apply(policy(rules.toReversed()), alice).rule).toBe("3");
  });

  it.each<[string, Partial<Rule["match"]>, boolean]>([
    ["an empty match", {}, true],
    ["one of several users", { users: ["bob", "alice"] }, true],
    ["a part of a name", { users: ["ali", "alice2", "Alice"] }, false],
    ["one of several groups", { groups: ["x", "domain users"] }, true],
    ["no group of theirs", { groups: ["domain", "users"] }, false],
    ["a network", { from: ["192.0.2.0/24", "10.0.0.0/8"] }, true],
    ["another network", { from: ["10.1.3.0/24"] }, false],
    ["all three lists", { users: ["alice"], groups: ["staff"], from: ["10.0.0.0/8"] }, true],
    ["all but the user", { users: ["bob"], groups: ["staff"], from: ["10.0.0.0/8"] }, false],
    ["all but the group", { users: ["alice"], groups: ["wheel"], from: ["10.0.0.0/8"] }, false],
    ["all but the network", { users: ["alice"], groups: ["staff"], from: ["172.16.0.0/12"] }, false],
  ])("match by %s: %j %s", (_, match, expected) => {
    expect(apply(policy([rule("it", match)]), alice).rule).toBe(expected ? "it" : "top level");
  });

  it("with networks match nobody whose address is not known", () => {
    const everywhere = policy([rule("it", { from: ["0.0.0.0/0", "::/0"] })]);
    expect(apply(everywhere, { user: "alice", groups: [] }).rule).toBe("top level");
    expect(apply(everywhere, { user: "alice", groups: [], address: undefined }).rule).toBe("top level");
    expect(apply(everywhere, { user: "alice", groups: [], address: "UNKNOWN" }).rule).toBe("top level");
  });
});

describe("exemption", () => {
  const theirs = rule("theirs", { users: ["alice"] });
  const rules = [theirs];
  const { limits } = theirs;

  it("by group stands above the rules, and keeps the limits for when it goes", () => {
    const applied = apply(policy(rules, { groups: ["noidle", "domain users"] }), alice);
    expect(applied).toEqual({ rule: "exempt: group domain users", exempt: true, limits });
  });

  it("by user does the same", () => {
    expect(apply(policy(rules, { users: ["alice"] }), alice)).toEqual({
      rule: "exempt: user alice",
      exempt: true,
      limits,
    });
  });

  it("is for exact names, and a user is no group", () => {
    expect(apply(policy(rules, { users: ["staff", "alic"], groups: ["bob", "Staff"] }), alice).rule).toBe(
      "theirs",
    );
  });
});

describe("an exemption with patterns", () => {
  const theirs = rule("theirs", {});
  const decided = (exempt: Partial<Policy["exempt"]>) => apply(policy([theirs], exempt), alice).rule;

  it("has the name of the pattern that fits", () => {
    expect(decided({ users: ["bob", "al*"] })).toBe("exempt: user al*");
    expect(decided({ groups: ["dom* users", "!admins"] })).toBe("exempt: group dom* users");
  });

  it("has exceptions, and one that fits beats all others of its list", () => {
    expect(decided({ users: ["al*", "!alice"] })).toBe("theirs");
    expect(decided({ groups: ["*", "!staff"] })).toBe("theirs");
    expect(decided({ users: ["!alice"] })).toBe("theirs");
  });

  it("is decided by the users before the groups", () => {
    expect(decided({ users: ["!alice"], groups: ["staff"] })).toBe("theirs");
    expect(decided({ users: ["alice"], groups: ["*", "!staff"] })).toBe("exempt: user alice");
    expect(decided({ users: ["!bob"], groups: ["staff"] })).toBe("exempt: group staff");
  });

  it("can leave a limit for the age of a login", () => {
    const applied = apply(policy([theirs], { users: ["alice"], maxLoginMs: 5000 }), alice);
    expect(applied).toMatchObject({ exempt: true, exemptMaxLoginMs: 5000 });
    expect(apply(policy([theirs], { users: ["bob"], maxLoginMs: 5000 }), alice)).not.toHaveProperty(
      "exemptMaxLoginMs",
    );
  });
});

describe("rules for kinds of login", () => {
  const rules = [rule("files", { kinds: ["sftp"] }), rule("tunnels", { kinds: ["tunnel"] })];

  it("have an answer for each kind as long as it is not known, that of a shell before all", () => {
    const applied = apply(policy(rules), alice);
    expect(applied.rule).toBe("top level");
    expect(LOGIN_KINDS.map((kind) => appliedTo(kind, applied).rule)).toEqual([
      ...["top level", "files", "top level", "tunnels"],
    ]);
    // The kind can change again.
    expect(appliedTo("shell", appliedTo("sftp", applied)).rule).toBe("top level");
  });

  it("have one answer where the kind is known, or changes nothing", () => {
    expect(apply(policy(rules), { ...alice, kind: "tunnel" })).not.toHaveProperty("ofKind");
    expect(apply(policy([rule("all", {}), ...rules]), alice)).not.toHaveProperty("ofKind");
  });

  it("have another idle timeout of a sweep for each kind", () => {
    const applied = withIdleTimeout(apply(policy(rules), alice), 5000);
    for (const kind of LOGIN_KINDS) expect(appliedTo(kind, applied).limits.idleTimeoutMs).toBe(5000);
    expect(appliedTo("sftp", applied).limits.message).toBe("files");
  });

  it("lock as no kind where nobody can lock", () => {
    const locking = ["shell", "sftp"].map((kind) => {
      const { limits, ...it } = rule(kind, { kinds: [kind as "shell"] });
      return { ...it, limits: { ...limits, atLimit: "lock" as const } };
    });
    for (const some of [locking, locking.slice(0, 1), locking.slice(1)]) {
      const applied = withoutLock(apply(policy(some), alice));
      for (const kind of LOGIN_KINDS) expect(appliedTo(kind, applied).limits.atLimit).toBe("end");
    }
    const closing = apply(policy(rules), alice);
    expect(withoutLock(closing)).toBe(closing);
  });
});

describe("for any policy", () => {
  const entry = fc.constantFrom("a", "b", "*", "?", "ab", "!a", "!b", "!*", "b*");
  const list = fc.array(entry, { maxLength: 3 });
  const match = fc
    .record({
      users: list,
      groups: list,
      kinds: fc.subarray([...LOGIN_KINDS], { maxLength: 2 }),
      hosts: fc.constantFrom([], ["h"], ["x"]),
    })
    .map((keys) => matchWith(keys));
  const anyPolicy = fc
    .tuple(fc.array(match, { maxLength: 4 }), fc.record({ users: list, groups: list }))
    .map(([matches, exempt]) =>
      policy(
        matches.map((it, at) => ({ ...rule(`${at}`, {}), match: it })),
        exempt,
      ),
    );
  const groups = fc.uniqueArray(fc.constantFrom("a", "b", "c"));
  const user = fc.constantFrom("a", "b", "c", "ab");

  it("groups decide nothing about a user for whom nobody asks for them", () => {
    fc.assert(
      fc.property(anyPolicy, user, groups, groups, (it, user, some, others) => {
        const who = { user, hosts: ["h"] };
        if (asksForGroups(it, who)) return;
        const told = (of: string[]) => {
          const applied = apply(it, { ...who, groups: of });
          // The limits of an exempt login do not apply.
          return LOGIN_KINDS.map((kind) => appliedTo(kind, applied).rule);
        };
        expect(told(others)).toEqual(told(some));
      }),
      { numRuns: 3000 },
    );
  });

  it("nobody is asked for groups in vain, where they can make no difference", () => {
    fc.assert(
      fc.property(anyPolicy, user, (it, user) => {
        const none = [...it.exempt.groups, ...it.rules.flatMap(({ match }) => match.groups)];
        if (none.every(isNegated)) expect(asksForGroups(it, { user, hosts: ["h"] })).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("networks", () => {
  it.each([
    ["10.1.2.3", "10.1.2.3", true],
    ["10.1.2.3", "10.1.2.4", false],
    ["10.127.255.255", "10.0.0.0/9", true],
    ["10.128.0.0", "10.0.0.0/9", false],
    ["10.200.0.1", "10.1.2.3/8", true],
    ["203.0.113.9", "0.0.0.0/0", true],
    ["2001:db8:1:2::3", "2001:db8:1::/48", true],
    ["2001:db8:2::3", "2001:db8:1::/48", false],
    ["2001:DB8:0:0::1", "2001:db8::1", true],
    ["fe80::1%eth0", "fe80::/10", true],
    ["::ffff:10.1.2.3", "10.0.0.0/8", true],
    ["::ffff:a01:203", "10.0.0.0/8", true],
    ["::ffff:11.1.2.3", "10.0.0.0/8", false],
    ["10.1.2.3", "::ffff:10.0.0.0/104", true],
    ["10.1.2.3", "::ffff:10.1.2.3", true],
    ["11.1.2.3", "::ffff:10.0.0.0/104", false],
    ["10.1.2.3", "::/0", false],
    ["2001:db8::1", "::/0", true],
    ["2001:db8::1", "0.0.0.0/0", false],
  ])("%s in %s: %s", (address, network, expected) => {
    expect(isWithin(address, [network])).toBe(expected);
    expect(isWithin(address, ["192.0.2.0/24", network, "2001:db8:ffff::/48"])).toBe(expected);
  });

  it.each([
    "",
    "host.example.org",
    "10.0.0",
    "10.0.0.256",
    "010.0.0.1",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/08",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "10.0.0.0/255.0.0.0",
    "10.*",
    "::/129",
    "fe80::1%eth0",
  ])("refuses %j", (text) => {
    expect(parseNetwork(text)).toBeUndefined();
  });
});
