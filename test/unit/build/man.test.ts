// The manual against the program: it is read as mandoc(1) shows it, and compared with commander's own tree and the policy's schema.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonSchema } from "@valibot/to-json-schema";
import type { Command } from "commander";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { policyJsonSchema } from "../../../scripts/build/json-schema.ts";
import { manualOf } from "../../../scripts/build/man/manual.ts";
import { examplesOf, sectionsOf } from "../../../scripts/build/man/notes.ts";
import { filled } from "../../../scripts/build/man/page.ts";
import { argument, exact, prose } from "../../../scripts/build/man/roff.ts";
import { newProgram } from "../../../src/commands/program.ts";
import { outlineOf } from "../../../src/console/outline.ts";

const manual = manualOf(outlineOf(newProgram()));
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "afkill-man-"));
  for (const [name, page] of Object.entries(manual)) writeFileSync(join(directory, name), page);
});
afterAll(() => rmSync(directory, { recursive: true }));

/** A page as text, unbroken lines, without the overstriking that stands for bold and underlined. */
function rendered(name: string): string {
  const text = execFileSync("mandoc", ["-T", "ascii", "-O", "width=990", join(directory, name)], {
    encoding: "utf8",
  });
  return text.replace(/.\x08/g, "");
}

/** The lines below a heading of a page, up to the next heading that is not deeper. */
function below(page: string, heading: string): string {
  const lines = page.split("\n");
  const from = lines.indexOf(heading);
  expect([heading, from]).not.toEqual([heading, -1]);
  const depth = heading.search(/\S/);
  const length = lines.slice(from + 1).findIndex((line) => line !== "" && line.search(/\S/) <= depth);
  return lines.slice(from + 1, length === -1 ? undefined : from + 1 + length).join("\n");
}

/** All commands with the words that lead to them, the program first. */
function commands(
  command: Command = newProgram(),
  words: readonly string[] = ["afkill"],
): [string, Command][] {
  return [
    [words.join(" "), command],
    ...command.commands.flatMap((it) => commands(it, [...words, it.name()])),
  ];
}

function helpOf(command: Command): string {
  const parts: string[] = [];
  command.configureOutput({ writeOut: (part) => void parts.push(part) });
  command.outputHelp();
  return parts.join("");
}

describe.each(Object.keys(manual))("%s", (name) => {
  test("is faultless to mandoc and to man", () => {
    const path = join(directory, name);
    expect(spawnSync("mandoc", ["-T", "lint", "-W", "warning", path], { encoding: "utf8" }).stdout).toBe("");
    const env = { ...process.env, LC_ALL: "C.UTF-8", MANWIDTH: "80" };
    const { status, stderr, stdout } = spawnSync("man", ["-l", "--warnings", path], {
      encoding: "utf8",
      env,
    });
    expect([status, stderr]).toEqual([0, ""]);
    expect(
      Math.max(...stdout.split("\n").map((line) => line.replace(/.\x08/g, "").length)),
    ).toBeLessThanOrEqual(80);
  });
});

test.each(commands())("afkill(8) tells all of %s", (words, command) => {
  const page = rendered("afkill.8");
  const isProgram = words === "afkill";
  const heading = page.split("\n").find((line) => line === `   ${words}` || line.startsWith(`   ${words} `));
  const section = below(page, isProgram ? "DESCRIPTION" : (heading ?? `   ${words}`));
  const forms = below(page, "SYNOPSIS")
    .trim()
    .split(/\s*\n\s*/);
  const form = forms.find((line) => line === words || line.startsWith(`${words} `));
  for (const { hidden, short, long } of command.options) {
    if (hidden) continue;
    for (const flag of [short, long])
      if (flag) expect(section).toMatch(new RegExp(`^ {5}(\\S+, )?${flag}([ ,]|$)`, "m"));
    if (!isProgram) expect(form).toMatch(new RegExp(`${long ?? short}[ \\]]|${long ?? short}$`));
  }
  for (const argument of command.registeredArguments) expect(form).toContain(argument.name());
  for (const alias of command.aliases()) expect(section).toContain(alias);
  if (!isProgram && command.commands.length === 0) expect(form).toBeDefined();
});

test.each(commands())("%s --help gives an example of it", (words, command) => {
  const examples = examplesOf(helpOf(command)).map(({ term }) => term);
  expect(examples).toContainEqual(expect.stringMatching(new RegExp(`\\b${words}\\b`)));
});

test("afkill.toml(5) has every key of the policy, with its default", () => {
  const limits = below(rendered("afkill.toml.5"), "   Limits");
  const { properties = {} } = policyJsonSchema();
  const { exempt, rule, ...top } = properties as Record<string, JsonSchema>;
  expect(Object.keys(top).length).toBeGreaterThan(5);
  for (const [key, { default: preset }] of Object.entries(top)) {
    const lines = limits.split("\n");
    const at = lines.findIndex((line) => line.startsWith(`     ${key} = `));
    expect([key, lines[at + 1]]).toEqual([key, expect.stringContaining("The default is ")]);
    expect(lines[at + 1]).toContain(`The default is ${JSON.stringify(preset).replaceAll(",", ", ")}.`);
  }
  const { match } = (rule as { items: JsonSchema }).items.properties as Record<string, JsonSchema>;
  for (const [heading, table] of [["   [exempt]", exempt] as const, ["   [[rule]]", match] as const])
    for (const key of Object.keys(table?.properties ?? {}))
      expect(below(rendered("afkill.toml.5"), heading)).toMatch(new RegExp(`^     ${key} = `, "m"));
});

test("what --help prints below its options is read as text, lists and examples", () => {
  const notes = `Some words
of text.

Kinds:
  one    the first
         of all
  two
or these
two lines:
  three

Examples:
  afkill x 'a b'
  afkill y   z
`;
  expect(sectionsOf(notes)).toEqual([
    { kind: "text", text: "Some words\nof text." },
    {
      kind: "list",
      title: "Kinds",
      entries: [
        { term: "one", about: "the first of all" },
        { term: "two", about: "" },
      ],
    },
    { kind: "text", text: "or these\ntwo lines:" },
    { kind: "list", title: "", entries: [{ term: "three", about: "" }] },
    { kind: "list", title: "Examples", entries: examplesOf(notes) },
  ]);
  expect(examplesOf(notes).at(-1)).toEqual({ term: "afkill y", about: "z" });
});

test("no text becomes a request, a macro or an escape of roff", () => {
  expect(prose(".Sh evil. It is\n\\fBbold: `--a-b` and --c-d.")).toEqual([
    "\\&.Sh evil.",
    "It is \\efBbold: \\fB\\-\\-a\\-b\\fP and \\-\\-c\\-d.",
  ]);
  expect(prose("'it")).toEqual(["\\&'it"]);
  expect(prose("")).toEqual([]);
  expect(argument(`a "b" 'c' \\n ~^-`)).toBe('"a \\(dqb\\(dq \\(aqc\\(aq \\en \\(ti\\(ha\\-"');
  expect(exact("`")).toBe("\\(ga");
});

test("a page lacks no part, and no part a place", () => {
  expect(filled('a\n.\\" @ONE@\nb\n', { ONE: ["1", "2"] })).toBe("a\n1\n2\nb\n");
  expect(() => filled('.\\" @ONE@\n', {})).toThrow("@ONE@");
  expect(() => filled("", { TWO: [] })).toThrow("@TWO@");
});
