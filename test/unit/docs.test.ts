// The documentation against the program: links, paths, policies, command lines and outputs are right, and each number stands in one place.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { JsonSchema } from "@valibot/to-json-schema";
import type { Command, Option } from "commander";
import { describe, expect, test } from "vitest";
import { policyJsonSchema } from "../../scripts/build/json-schema.ts";
import { newProgram } from "../../src/commands/program.ts";
import { defaultPolicy } from "../../src/policy/default.ts";
import { KEYS } from "../../src/policy/keys.ts";
import { LIMITS, type LimitKey } from "../../src/policy/limits.ts";
import { loadFiles, loadPolicy } from "../../src/policy/load.ts";
import { DEFAULT_LIMITS } from "../../src/policy/merge.ts";
import {
  blocksOf,
  expectShown,
  masked,
  PAGES,
  SHOWN_WITH_LOGINS,
  shownOutputs,
  textOf,
} from "../support/docs.ts";
import { policyFiles } from "../support/policy-files.ts";

const checkout = resolve(import.meta.dirname, "../..");
const LONGEST_README = 120;
const WIDEST = 140;

/** A page without its blocks, which have rules of their own; the lines keep their numbers. */
const proseOf = (text: string) => text.replace(/^```.*?^```$/gms, (block) => block.replace(/[^\n]+/g, ""));

/** The code in a sentence: `between backticks`. */
const spansOf = (text: string) =>
  [...proseOf(text).matchAll(/`([^`]+)`/g)].map(([, span = ""]) => span.replace(/\s+/g, " "));

describe("pages", () => {
  test("README is a first page", () => {
    expect(textOf("README.md").split("\n").length - 1).toBeLessThanOrEqual(LONGEST_README);
  });

  test.each(PAGES)("%s has no long line", (page) => {
    const long = proseOf(textOf(page))
      .split("\n")
      .filter((line) => [...line].length > WIDEST);
    expect(long).toEqual([]);
  });

  test("README links every page", () => {
    const targets = linksOf(textOf("README.md")).map((link) => link.split("#")[0]);
    for (const page of PAGES.filter((it) => it !== "README.md" && it !== "pam/README.md"))
      expect(targets).toContain(page);
  });
});

function linksOf(text: string): string[] {
  return [...proseOf(text).matchAll(/\]\(\s*([^)\s]+)\s*\)/g)].map(([, link = ""]) => link);
}

/** The anchors of a page, as hosting sites make them of its headings. */
function anchorsOf(text: string): string[] {
  return [...proseOf(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** The links of a page that lead nowhere. `text`: what it holds. */
function deadLinks(page: string, text: string): string[] {
  return linksOf(text).filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? page : join(dirname(page), path);
    if (!existsSync(join(checkout, target))) return true;
    return anchor !== undefined && !anchorsOf(path === "" ? text : textOf(target)).includes(anchor);
  });
}

describe("links", () => {
  test.each(PAGES)("%s: each leads somewhere", (page) => expect(deadLinks(page, textOf(page))).toEqual([]));
  test.each(PAGES)("%s: no two headings have one anchor", (page) => {
    const anchors = anchorsOf(textOf(page));
    expect(anchors.filter((anchor, at) => anchors.indexOf(anchor) !== at)).toEqual([]);
  });
  test("dead ones are found", () => {
    const text =
      "# A `b`: c\n[1](#a-b-c) [2](#a-b) [3](no.md) [4](docs/policy.md#keys) [5](docs/policy.md#no)";
    expect(deadLinks("README.md", text)).toEqual(["#a-b", "no.md", "docs/policy.md#no"]);
  });
});

/** Paths of the checkout that a page names and that are not there. */
function missingPaths(text: string): string[] {
  const code = [...spansOf(text), ...[...text.matchAll(/^```.*?^```$/gms)].map(([block]) => block)];
  return code
    .flatMap((it) => [...it.matchAll(/(?<![\w/.~-])(?:src|test|scripts|pam|docs)\/[\w./-]*\w/g)])
    .map(([path]) => path)
    .filter((path) => !existsSync(join(checkout, path)));
}

describe("paths", () => {
  test.each(PAGES)("%s: each that is named exists", (page) => expect(missingPaths(textOf(page))).toEqual([]));
  test("missing ones are found", () => {
    expect(missingPaths("`src/none.ts`, `src/cli.ts`, /src/x\n```sh\ntest/none\n```")).toEqual([
      "src/none.ts",
      "test/none",
    ]);
  });
});

const policies = PAGES.flatMap((page) => blocksOf(page)).filter(({ language }) => language === "toml");

describe("policies", () => {
  test("README has one of five lines", () => {
    const [first = { text: "" }, ...more] = policies.filter(({ page }) => page === "README.md");
    expect(first.text.split("\n").filter((line) => line !== "").length).toBeLessThanOrEqual(5);
    expect(more).toEqual([]);
  });

  test.each(policies)("$page:$line can be used", async ({ text }) => {
    const directory = policyFiles({ "afkill.toml": text });
    await expect(loadPolicy(join(directory, "afkill.toml"))).resolves.toBeDefined();
  });

  test("docs/policy.md has each key, with its default", () => {
    const page = textOf("docs/policy.md");
    const { properties = {} } = policyJsonSchema();
    const { exempt: _, rule: __, ...top } = properties as Record<string, JsonSchema>;
    expect(Object.keys(top).length).toBeGreaterThan(5);
    for (const [key, { default: preset }] of Object.entries(top)) {
      const [, section = ""] = page.split(`\n### \`${key}\`\n`);
      const [text = ""] = section.split(/^#/m);
      expect([key, text.replace(/\s+/g, " ")]).toEqual([
        key,
        expect.stringContaining(`Default: \`${JSON.stringify(preset).replaceAll(",", ", ")}\`.`),
      ]);
    }
  });

  /** The words about a key, and the policies that show it. */
  function sectionOf(title: string) {
    const [, section = ""] = textOf("docs/policy.md").split(`\n### \`${title}\`\n`);
    const [text = ""] = section.split(/^#/m);
    return { text, examples: [...text.matchAll(/^```toml\n(.*?)^```/gms)].map(([, toml = ""]) => toml) };
  }

  test.each(
    Object.entries(KEYS)
      .filter(([, { takes }]) => !takes.includes("table"))
      .map(([path]) => path),
  )("docs/policy.md has words for %s, and an example that sets it", async (path) => {
    const { text, examples } = sectionOf(path.replace(/^rule\./, ""));
    expect(text.length).toBeGreaterThan(50);
    const files = await Promise.all(
      examples.map((toml) => loadFiles(join(policyFiles({ "afkill.toml": toml }), "afkill.toml"))),
    );
    const valuesIn = (part: unknown, [key = "", ...below]: readonly string[]): unknown[] => {
      const value = (part as Record<string, unknown>)[key];
      const parts = [value].flat().filter((it) => it !== undefined);
      return below.length === 0 ? parts : parts.flatMap((it) => valuesIn(it, below));
    };
    const set = files.flat().flatMap(({ content }) => valuesIn(content, path.split(".")));
    expect(set.length).toBeGreaterThan(0);
    const byDefault = Object.entries(DEFAULT_LIMITS).find(
      ([field]) => field === LIMITS[path as LimitKey]?.field,
    );
    expect(set).not.toEqual([byDefault?.[1]].flat());
  });

  test("the units that change a policy by the time of day put a whole file in its place, and take it away", async () => {
    const units = blocksOf("docs/policy.md").filter(({ language }) => language === "ini");
    const steps = units.map(({ text }) =>
      [...text.matchAll(/^ExecStart=(.*)$/gm)].map(([, step = ""]) => step),
    );
    const [night = [], day = []] = steps.filter(({ length }) => length > 0);
    const directory = policyFiles({
      "afkill.toml": "",
      "night.toml": 'idle_timeout = "5m"\n',
      "afkill.d/10.toml": "",
    });
    const main = join(directory, "afkill.toml");
    const run = (all: readonly string[]) => {
      for (const step of all)
        execFileSync("sh", ["-ec", `umask 022; ${step.replaceAll("/etc/afkill", directory)}`]);
    };
    const idleMs = async () => (await loadPolicy(main)).base.idleTimeoutMs;
    expect([night.length, day.length]).toEqual([2, 1]);
    // What is half written is not read.
    run(night.slice(0, 1));
    expect(await idleMs()).toBe(DEFAULT_LIMITS.idleTimeoutMs);
    for (const _ of ["once", "again"]) {
      run(night);
      expect(await idleMs()).toBe(300_000);
    }
    for (const _ of ["once", "again"]) {
      run(day);
      expect(await idleMs()).toBe(DEFAULT_LIMITS.idleTimeoutMs);
    }
  });
});

/** The words of a command line; quotes are taken off. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'[^']*'|"[^"]*"|[^\s'"]+/g)].map(([word]) =>
    word.replace(/^(['"])(.*)\1$/, "$2"),
  );
}

/** The command lines of afkill in a shell script, as words behind `afkill`. Comments stand behind `#`. */
function callsIn(script: string): string[][] {
  return script
    .split("\n")
    .map((line) => line.replace(/(^|\s)#.*$/, ""))
    .flatMap((line) => line.split(/&&|\|/))
    .map((line) => line.replace(/\S*node dist\/cli\.js\b/, "afkill"))
    .flatMap((line) => /^\s*(?:sudo )?afkill(?=\s|$)(.*)$/.exec(line)?.slice(1) ?? [])
    .map((rest) => wordsOf(rest.replace(/>.*/, "")));
}

/** Why the program would refuse a command line; nothing where it takes it. `isWhole`: its arguments must be there. */
function refusal(words: readonly string[], isWhole: boolean): string | undefined {
  let command: Command = newProgram();
  const places: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") {
      places.push(...words.slice(at + 1));
      break;
    }
    const below = command.commands.find((it) => it.name() === word || it.aliases().includes(word));
    if (below) {
      command = below;
      continue;
    }
    if (!word.startsWith("-")) {
      if (command.registeredArguments.length === 0) return `${command.name()} takes no ${word}`;
      places.push(word);
      continue;
    }
    const option = optionOf(command, word);
    if (word === "--help" || word === "--version") continue;
    if (!option) return `${command.name()} has no ${word}`;
    if (!option.required) continue;
    at += 1;
    const value = words[at];
    if (value === undefined && isWhole) return `${word} takes a value`;
    if (value !== undefined && option.argChoices && !option.argChoices.includes(value))
      return `${word} does not take ${value}`;
  }
  const needed = command.registeredArguments.filter(({ required }) => required).length;
  const most = command.registeredArguments.some(({ variadic }) => variadic)
    ? Number.POSITIVE_INFINITY
    : command.registeredArguments.length;
  if (places.length > most) return `${command.name()} takes no more than ${most} arguments`;
  return isWhole && places.length < needed ? `${command.name()} takes ${needed} arguments` : undefined;
}

function optionOf(command: Command, word: string): Option | undefined {
  return command.options.find(({ long, short }) => long === word || short === word);
}

const scripts = PAGES.flatMap((page) => blocksOf(page)).filter(({ language }) => language === "sh");
const calls = scripts.flatMap(({ page, line, text }) =>
  callsIn(text).map((words) => ({ page, line, words, call: words.join(" ") })),
);
const spans = PAGES.flatMap((page) =>
  spansOf(textOf(page)).flatMap((span) =>
    callsIn(span).map((words) => ({ page, words, call: words.join(" ") })),
  ),
);

describe("command lines", () => {
  test.each(calls)("$page:$line: afkill $call", ({ words }) => expect(refusal(words, true)).toBeUndefined());
  test.each(spans)("$page: afkill $call", ({ words }) => expect(refusal(words, false)).toBeUndefined());
  test.each(shownOutputs())("$page:$line: $command", ({ command }) => {
    const [words] = callsIn(command);
    expect(words && refusal(words, true)).toBeUndefined();
  });

  test("wrong ones are found", () => {
    const script =
      "sudo afkill lst\nx | afkill list --idel 10m   # afkill y\nafkill install --hook no\nafkill stay\nafkill list a";
    expect(callsIn(script).map((words) => refusal(words, true))).toEqual([
      "afkill takes no lst",
      "list has no --idel",
      "--hook does not take no",
      "stay takes 1 arguments",
      "list takes no a",
    ]);
  });

  test("each command is named in the documentation", () => {
    const shown = shownOutputs().flatMap(({ command }) => callsIn(command));
    const named = [...calls.map(({ words }) => words), ...spans.map(({ words }) => words), ...shown].map(
      ([name]) => name,
    );
    for (const command of newProgram().commands.map((it) => it.name()))
      if (command !== "help") expect(named).toContain(command);
  });

  test("npm's scripts, and programs that are named, are there", () => {
    const { scripts: own } = JSON.parse(textOf("package.json")) as { scripts: Record<string, string> };
    for (const { text } of scripts)
      for (const [, name = ""] of text.matchAll(/npm run (\w+)/g)) expect(Object.keys(own)).toContain(name);
  });
});

/** What a command of a page needs to print what is shown there, and no login. */
const FILES: Readonly<Record<string, string>> = {
  "afkill config check ./afkill.toml": 'idle_timeout = "15 minutes"\n',
};

describe("outputs", () => {
  test("each is compared by a test", () => {
    const tested = [...SHOWN_WITH_LOGINS, ...Object.keys(FILES)];
    expect(
      shownOutputs()
        .map(({ command }) => command)
        .toSorted(),
    ).toEqual(tested.toSorted());
  });

  test.each(shownOutputs().filter(({ command }) => command in FILES))("$page:$line: $command", (shown) => {
    const directory = policyFiles({ "afkill.toml": FILES[shown.command] ?? "" });
    const argv = [join(checkout, "src/cli.ts"), ...(callsIn(shown.command)[0] ?? [])];
    const script = '"$@" 2>&1 || :';
    const command = ["-c", script, "sh", process.execPath, "--no-warnings", ...argv];
    expectShown(shown, execFileSync("sh", command, { cwd: directory, encoding: "utf8" }));
  });

  test("what differs from run to run is masked, and nothing else", () => {
    expect(masked("bob  127.0.0.1  pts/12  09:30  1m4s  4.5s  idle  126  bash  last key 2 min 5 s ago")).toBe(
      "bob ADDRESS TERMINAL TIME DURATION DURATION idle PID bash last key DURATION ago",
    );
    expect(masked("│  └─ 4711 sshd\nafkill.toml:12 (sshd 77): at 2026-12-01 09:06:00+00:00, rule 2")).toBe(
      "│ └─ PID sshd\nafkill.toml:12 (sshd PID): at TIME, rule 2",
    );
  });
});

/** The numbers that more than one page could tell: what they look like, and the page where they stand. */
const NUMBERS: readonly (readonly [string, RegExp, string])[] = [
  ["how soon a change of the policy is seen", /change [^.]*within \d+ seconds/, "docs/policy.md"],
  ["how late an idle login ends", /eight seconds late/, "docs/activity.md"],
  ["when a failed check is tried again", /again after 30 seconds/, "docs/architecture.md"],
  ["how late a swept login ends", /most five minutes late/, "docs/sweep.md"],
  ["by how much a login outlives its limit in a race", /at most 40 seconds/, "docs/security.md"],
  ["what list costs", /300 new logins/, "docs/commands.md"],
  ["how long a wrap may take to start", /15 seconds/, "docs/wrap.md"],
  ["which transfers a wrap misses", /4\.2 kB\/s/, "docs/activity.md"],
  ["what a wrap costs", /35 MB\/s/, "docs/wrap.md"],
];
const oneLine = (text: string) => text.replace(/\s+/g, " ");

describe("numbers", () => {
  test.each(NUMBERS)("%s stands in one place", (_, number, page) => {
    const found = PAGES.filter((it) => number.test(oneLine(textOf(it))));
    expect(found).toEqual([page]);
    expect(oneLine(textOf(page)).match(new RegExp(number, "g"))).toHaveLength(1);
  });

  test("a change of the policy is seen as soon as the watchdog promises", () => {
    const [, slice] = /^slice=(\d+)/m.exec(textOf("pam/watchdog")) ?? [];
    const [, policyMs = ""] = /POLICY_MS = ([\d_]+)/.exec(textOf("src/guard/guard.ts")) ?? [];
    const policyS = Number(policyMs.replaceAll("_", "")) / 1000;
    const [, told] = /(A change reaches [^.]*)\./.exec(oneLine(textOf("docs/policy.md"))) ?? [];
    expect(told?.match(/\d+/g)).toEqual([slice, String(policyS)]);
    expect(oneLine(textOf("scripts/build/man/afkill.toml.5"))).toContain(`within ${slice} seconds`);
  });

  test("nothing else says how soon", () => {
    const manual = textOf("scripts/build/man/afkill.8");
    const help: string[] = [];
    newProgram()
      .configureOutput({ writeOut: (part) => void help.push(part) })
      .outputHelp();
    for (const text of [defaultPolicy, manual, help.join("")])
      expect(oneLine(text.replaceAll("\n# ", " "))).not.toMatch(/change [^.]*reach[^.]*(second|minute)/);
  });
});
