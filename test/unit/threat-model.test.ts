// Each promise of the threat model names the tests that show it: they must be there.
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const checkout = resolve(import.meta.dirname, "../..");
const readme = readFileSync(resolve(checkout, "pam/README.md"), "utf8");
const [, model = ""] = /^## Threat model$(.*?)^## /ms.exec(readme) ?? [];
const numbers = [...model.matchAll(/^\| (\d+) +\|/gm)].map(([, number]) => Number(number));
const lists = new Map(
  [...model.matchAll(/^(\d+)\. ((?:.+\n)(?: +.+\n)*)/gm)].map(([, number, text = ""]) => [
    Number(number),
    text.replace(/\s+/g, " "),
  ]),
);

/** The rows of the table of files, each with the test that shows it. */
const [, filesTable = ""] = /^## Files that root opens where a user can write$(.*?)^## /ms.exec(readme) ?? [];
const opens = filesTable
  .split("\n")
  .filter((line) => /^\| (?!what|-)/.test(line))
  .map((line) => line.split("|").map((cell) => cell.trim()));

/** The proofs of a promise: a file, and behind it titles in quotes. */
function proofsOf(list: string): { file: string; title: string }[] {
  return [...list.matchAll(/`([^`]+)`((?:,? "[^"]+")+)/g)].flatMap(([, file = "", titles = ""]) =>
    [...titles.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => ({ file, title })),
  );
}

test("each promise of the threat model has its list of tests, and each list a promise", () => {
  expect(numbers.length).toBeGreaterThan(10);
  expect([...lists.keys()]).toEqual(numbers);
});

test.each(numbers)("promise %i is shown by tests that exist", (number) => {
  mustExist(proofsOf(lists.get(number) ?? ""));
});

test("there are files that root opens where a user can write", () => expect(opens.length).toBeGreaterThan(5));

test.each(opens)("%s%s is opened as a test shows", (...cells) => {
  mustExist(proofsOf(cells[4] ?? ""));
});

function mustExist(proofs: ReturnType<typeof proofsOf>): void {
  expect(proofs.length).toBeGreaterThan(0);
  for (const { file, title } of proofs) {
    const path = resolve(checkout, "test", file);
    expect([file, existsSync(path)]).toEqual([file, true]);
    expect(readFileSync(path, "utf8")).toContain(title);
  }
}
