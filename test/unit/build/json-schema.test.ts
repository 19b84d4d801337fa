import { Ajv } from "ajv";
import fc from "fast-check";
import { parse, stringify } from "smol-toml";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { policyJsonSchema } from "../../../scripts/build/json-schema.ts";
import { defaultPolicy } from "../../../src/policy/default.ts";
import { KEYS } from "../../../src/policy/keys.ts";
import { LIMIT_KEYS } from "../../../src/policy/limits.ts";
import { parseNetwork } from "../../../src/policy/network.ts";
import { schema } from "../../../src/policy/schema.ts";
import { THREE_FILES } from "../../support/policy-files.ts";

const validate = new Ajv({ strict: true, allErrors: true }).compile(
  JSON.parse(JSON.stringify(policyJsonSchema())),
);

/** What an editor makes of TOML: its dates are texts to a JSON Schema. */
function editorTakes(toml: string): boolean {
  return validate(JSON.parse(JSON.stringify(parse(toml)))) === true;
}

function checkTakes(toml: string): boolean {
  return v.safeParse(schema, parse(toml)).success;
}

describe("the JSON Schema of a policy", () => {
  it.each([
    ["nothing", ""],
    ["the default policy", defaultPolicy],
    ["the default policy's rule", defaultPolicy.replaceAll(/^# (?=\[\[|match = \{ |idle_)/gm, "")],
    ...Object.entries(THREE_FILES),
    ["durations", 'idle_timeout = "1d2h3m4s"\nno_terminal = "90s"\nmax_login = "1d4s"\nbusy_max = "08h"'],
    ["no notices", "warn_before = []"],
    ["doubles", 'activity = ["input", "input"]'],
    ["patterns and exceptions", '[exempt]\nusers = ["svc_*", "!svc_?", "a!b"]\nmax_login = "12h"'],
    ["networks and exceptions", 'rule = [{ match = { from = ["10.0.0.0/8", "!10.1.0.0/16", "!::1"] } }]'],
    [
      "hosts, kinds and ports",
      'rule = [{ match = { hosts = ["db*", "!db9.example.org"], kinds = ["shell", "sftp", "tunnel", "command"], ports = [1, 65535] } }]',
    ],
    [
      "numbers of users",
      'rule = [{ match = { uids = "0,10, 1000-1999, 65536-" } }, { match = { uids = ["0", "1000-"] } }]',
    ],
    ["names", '[exempt]\nusers = ["domain admins", "été", "a"]'],
    [
      "networks",
      'rule = [{ match = { from = ["::", "::/0", "::ffff:10.0.0.0/104", "fe80::1", "1.2.3.4/32"] } }]',
    ],
    ["a message", 'message = "~ !"'],
    ["a lock", 'at_limit = "lock"\nlock_max = "off"\nlock_tries = 1'],
  ])("takes %s", (_, toml) => {
    expect(checkTakes(toml)).toBe(true);
    validate(JSON.parse(JSON.stringify(parse(toml))));
    expect(validate.errors).toBeNull();
  });

  it.each([
    ["an unknown key", "idle-timeout = 1"],
    ["an unknown key of a table", "[exempt]\nuser = []"],
    ["an unknown key of a rule", "[[rule]]\nmatch = {}\nexempt = {}"],
    ["an unknown key of a match", "[[rule]]\nmatch = { user = [] }"],
    ["a number for a duration", "idle_timeout = 15"],
    ["a bare number", 'idle_timeout = "15"'],
    ["blanks in a duration", 'idle_timeout = "4 h"'],
    ["an empty duration", 'idle_timeout = ""'],
    ["a wrong order", 'idle_timeout = "5m1h"'],
    ["no time at all", 'idle_timeout = "0h0m0s"'],
    ["another word", 'idle_timeout = "never"'],
    ["one notice without a list", 'warn_before = "5m"'],
    ["a notice that is off", 'warn_before = ["off"]'],
    ["a notice at the end", 'warn_before = ["0s"]'],
    ["eleven notices", `warn_before = [${'"1m",'.repeat(11)}]`],
    ["an unknown source", 'activity = ["input", "cpu"]'],
    ["no input", 'activity = ["busy"]'],
    ["no sources", "activity = []"],
    ["a message of two lines", 'message = "a\\nb"'],
    ["a long message", `message = "${"x".repeat(201)}"`],
    ["another ending", 'at_limit = "close"'],
    ["no tries at all", "lock_tries = 0"],
    ["half a try", "lock_tries = 2.5"],
    ["tries in quotes", 'lock_tries = "5"'],
    ["tries without end", "lock_tries = inf"],
    ["tries that are no number", "lock_tries = nan"],
    ["a list for a table", "exempt = []"],
    ["a table for a list", "[rule]\nmatch = {}"],
    ["a rule without a match", '[[rule]]\nidle_timeout = "5m"'],
    ["a date for a table", "exempt = 1979-05-27"],
    ["a date for a list", "exempt.users = 1979-05-27"],
    ["an empty name", 'exempt.groups = [""]'],
    ["blanks around a name", 'exempt.groups = [" a"]'],
    ["an address that is none", 'rule = [{ match = { from = ["10.0.0.256"] } }]'],
    ["a name for an address", 'rule = [{ match = { from = ["example.org"] } }]'],
    ["a prefix that is too long", 'rule = [{ match = { from = ["10.0.0.0/33"] } }]'],
    ["an IPv6 prefix that is too long", 'rule = [{ match = { from = ["::/129"] } }]'],
    ["a prefix with a zero before it", 'rule = [{ match = { from = ["10.0.0.0/08"] } }]'],
    ["a zone", 'rule = [{ match = { from = ["fe80::1%eth0"] } }]'],
    ["nine groups", 'rule = [{ match = { from = ["1:2:3:4:5:6:7:8:9"] } }]'],
    ["two exclamation marks", 'exempt.users = ["!!a"]'],
    ["an exclamation mark alone", 'exempt.users = ["!"]'],
    ["a blank after an exclamation mark", 'exempt.users = ["! a"]'],
    ["two exclamation marks before a network", 'rule = [{ match = { from = ["!!::1"] } }]'],
    ["a pattern of addresses", 'rule = [{ match = { from = ["10.*"] } }]'],
    ["an unknown kind", 'rule = [{ match = { kinds = ["scp"] } }]'],
    ["one kind without a list", 'rule = [{ match = { kinds = "shell" } }]'],
    ["a port in quotes", 'rule = [{ match = { ports = ["22"] } }]'],
    ["a port that is none", "rule = [{ match = { ports = [0] } }]"],
    ["a port beyond all", "rule = [{ match = { ports = [65536] } }]"],
    ["half a port", "rule = [{ match = { ports = [22.5] } }]"],
    ["a number of a user without quotes", "rule = [{ match = { uids = 0 } }]"],
    ["a range without a beginning", 'rule = [{ match = { uids = "-5" } }]'],
    ["a name for a number", 'rule = [{ match = { uids = ["root"] } }]'],
    ["an empty text of numbers", 'rule = [{ match = { uids = "" } }]'],
    ["numbers with a comma in a list", 'rule = [{ match = { uids = ["0,1"] } }]'],
    ["a max_login of the exempt that is none", 'exempt.max_login = "12 h"'],
    ["two gaps", 'rule = [{ match = { from = ["1::2::3"] } }]'],
  ])("refuses %s, as the check does", (_, toml) => {
    expect(checkTakes(toml)).toBe(false);
    expect(editorTakes(toml)).toBe(false);
  });

  it("leaves to the check only a duration that is too long", () => {
    const toml = 'idle_timeout = "3651d"';
    expect([checkTakes(toml), editorTakes(toml)]).toEqual([false, true]);
  });

  it("agrees with the check on any document", () => {
    const text = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.stringMatching(/^(\d{1,2}[dhms]){0,3}$/),
      fc.constantFrom(
        "off",
        "15m",
        "input",
        "busy",
        "shell",
        "!a",
        "!!a",
        "1000-",
        "0, 1",
        "!10.0.0.0/8",
        "10.0.0.0/8",
        "::1",
        "été",
        " a",
        "x\u0085",
        "\u00a0b",
      ),
    );
    const port = fc.constantFrom(0, 22, 65_535, 65_536, 22.5);
    const value = fc.oneof(
      text,
      fc.array(text, { maxLength: 12 }),
      fc.array(port, { maxLength: 2 }),
      fc.integer(),
      fc.boolean(),
    );
    const keys = (names: readonly string[]) =>
      fc.dictionary(fc.constantFrom(...names, "other"), value, { maxKeys: 3 });
    const table = (names: readonly string[]) => fc.oneof({ weight: 4, arbitrary: keys(names) }, value);
    const rule = fc
      .tuple(
        keys(LIMIT_KEYS),
        fc.option(table(["users", "groups", "from", "hosts", "kinds", "ports", "uids"])),
      )
      .map(([limits, match]) => ({ ...limits, ...(match !== null && { match }) }));
    const document = fc
      .tuple(
        keys(LIMIT_KEYS),
        fc.option(table(["users", "groups", "max_login"])),
        fc.option(fc.array(rule, { maxLength: 2 })),
      )
      .map(([limits, exempt, rules]) => ({
        ...limits,
        ...(exempt !== null && { exempt }),
        ...(rules !== null && { rule: rules }),
      }));
    fc.assert(
      fc.property(document, (content) => {
        const toml = stringify(content);
        expect(editorTakes(toml)).toBe(checkTakes(toml));
      }),
      { numRuns: 2000 },
    );
  });

  it("takes the addresses that the check takes, and no others", () => {
    const inRule = (text: string) => editorTakes(stringify({ rule: [{ match: { from: [text] } }] }));
    const group = fc.stringMatching(/^[0-9a-f]{1,4}$/);
    const almost = fc
      .tuple(fc.array(fc.oneof(group, fc.constant("")), { maxLength: 9 }), fc.constantFrom("", ":", "::"))
      .map(([groups, end]) => groups.join(":") + end);
    const address = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      almost,
      fc.ipV4().map((v4) => `::ffff:${v4}`),
    );
    const bits = fc.oneof(
      fc.constant(""),
      fc.nat(140).map((count) => `/${count}`),
    );
    fc.assert(
      fc.property(address, bits, (base, prefix) => {
        expect([base + prefix, inRule(base + prefix)]).toEqual([
          base + prefix,
          parseNetwork(base + prefix) !== undefined,
        ]);
      }),
      {
        numRuns: 3000,
        examples: [
          ["1:2:3:4:5:6:7::", ""],
          ["::2:3:4:5:6:7:8", "/128"],
        ],
      },
    );
  });

  it("has words for each key, and the defaults of the top level", () => {
    const { properties = {} } = policyJsonSchema();
    expect(Object.keys(properties)).toEqual([...LIMIT_KEYS, "exempt", "rule"]);
    expect(properties.idle_timeout).toMatchObject({ default: "15m", description: KEYS.idle_timeout.about });
    const rule = properties.rule as { items: { properties: Record<string, { description?: string }> } };
    expect(rule.items.properties.idle_timeout?.description).toBe(KEYS.idle_timeout.about);
    expect(rule.items.properties.idle_timeout).not.toHaveProperty("default");
    expect(rule.items.properties.match?.description).toBe(KEYS["rule.match"].about);
  });
});
