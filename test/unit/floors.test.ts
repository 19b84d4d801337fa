// The floors of src: a folder imports only from folders below it, so that no two folders import each other in a circle.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const checkout = resolve(import.meta.dirname, "../..");

/** From the top down. `.` is what stands loose in src: the programs. */
const FLOORS = [
  ...[".", "commands", "administer", "console", "survey", "wrap", "guard", "ending", "lock", "notice"],
  ...["setup", "activity", "login", "sshd", "policy", "audit", "change", "text", "system"],
];
/** These import nothing of ours but from their own folder. */
const GROUND = ["text", "system"];
const PROGRAMS = ["ask-pam.ts", "check.ts", "cli.ts", "locker.ts", "wrap.ts"];
/** The one file of commands that knows all of them. */
const ALL_COMMANDS = "commands/program.ts";

type Sources = Readonly<Record<string, string>>;

/** Every import of one file of src by another, as paths below src; `import type` and `import()` too. */
function importsOf(sources: Sources): [string, string][] {
  return Object.entries(sources).flatMap(([file, text]) =>
    [...text.matchAll(/(?:from |import\()"(\.[^"]+)"/g)].map(([, path = ""]): [string, string] => [
      file,
      join(dirname(file), path),
    ]),
  );
}

const folderOf = (file: string) => (file.includes("/") ? (file.split("/")[0] ?? "") : ".");
/** A command is a file of `commands`, or a folder there. */
const commandOf = (file: string) => file.split("/")[1] ?? "";

/** Why the house does not allow an import; nothing where it does. */
function faultOf([from, to]: [string, string]): string | undefined {
  const [above, below] = [folderOf(from), folderOf(to)];
  if (to.startsWith("..")) return below === ".." && to === "../package.json" ? undefined : "leaves src";
  for (const folder of [above, below]) if (!FLOORS.includes(folder)) return `${folder} has no floor`;
  if (above === "commands" && below === "commands")
    return from === ALL_COMMANDS || commandOf(from) === commandOf(to)
      ? undefined
      : "a command imports another";
  if (above === below) return undefined;
  if (GROUND.includes(above)) return `${above} imports nothing of ours`;
  return FLOORS.indexOf(above) < FLOORS.indexOf(below) ? undefined : "imports upwards";
}

function faultsIn(sources: Sources): string[] {
  return importsOf(sources).flatMap((pair) => {
    const fault = faultOf(pair);
    return fault === undefined ? [] : [`${pair.join(" -> ")}: ${fault}`];
  });
}

function readSources(): Sources {
  const names = readdirSync(join(checkout, "src"), { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => /\.tsx?$/.test(name));
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(checkout, "src", name), "utf8")]));
}

test("every import goes down", () => {
  const sources = readSources();
  expect(importsOf(sources).length).toBeGreaterThan(500);
  expect(faultsIn(sources)).toEqual([]);
});

test("nothing stands loose in src but the programs", () => {
  expect(Object.keys(readSources()).filter((name) => folderOf(name) === ".")).toEqual(PROGRAMS);
});

test("the folders of the unit tests are those of src, and of what else is tested", () => {
  const folders = (path: string) =>
    readdirSync(join(checkout, path), { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [entry.name] : [],
    );
  const others = ["build", "cases", "mutations", "pam", "scripts"];
  expect(folders("src").toSorted()).toEqual(FLOORS.slice(1).toSorted());
  expect(folders("test/unit").filter((name) => !FLOORS.includes(name))).toEqual(others);
});

describe("what is planted is found", () => {
  test.each([
    [
      "a circle of two folders",
      { "login/a.ts": 'from "../audit/b.ts"', "audit/b.ts": 'from "../login/a.ts"' },
    ],
    ["an upward import of a type", { "login/a.ts": 'import type { B } from "../guard/b.ts"' }],
    ["an upward import while it runs", { "activity/a.ts": 'await import("../commands/end.ts")' }],
    ["a command that imports another", { "commands/end.ts": 'from "./list.ts"' }],
    ["a command that imports another's folder", { "commands/end.ts": 'from "./top/act.ts"' }],
    ["a ground floor that imports", { "text/a.ts": 'from "../system/paths.ts"' }],
    ["a folder without a floor", { "guard/a.ts": 'from "../helpers/b.ts"' }],
    ["a file of the tests", { "guard/a.ts": 'from "../../test/support/b.ts"' }],
  ])("%s", (_, sources) => {
    expect(faultsIn(sources as unknown as Sources)).toHaveLength(1);
  });
});
