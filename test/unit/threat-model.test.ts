// Each promise of the threat model names the tests that show it: they must be there.
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const checkout = resolve(import.meta.dirname, "../..");
const page = readFileSync(resolve(checkout, "docs/security.md"), "utf8");

/** What stands below a heading, up to the next one that is not deeper. */
function below(heading: string): string {
  const [, text = ""] = page.split(`\n${heading}\n`);
  const depth = heading.indexOf(" ");
  return text.split(new RegExp(`^#{2,${depth}} `, "m"))[0] ?? "";
}

/** The items of a numbered list, each as one line. */
function itemsOf(text: string): Map<number, string> {
  const items = [...text.matchAll(/^(\d+)\. ((?:.+\n)(?: +.+\n)*)/gm)];
  return new Map(items.map(([, number, item = ""]) => [Number(number), item.replace(/\s+/g, " ")]));
}

const [promisesText = ""] = below("## Threat model").split("### Tests of each promise");
const promises = itemsOf(promisesText);
const numbers = [...promises.keys()];
const lists = itemsOf(below("### Tests of each promise"));

/** The files that root opens, each by its heading with the test that shows how. */
const opens = below("## Files that root opens where a user can write")
  .split(/^### /m)
  .slice(1)
  .filter((section) => section.includes("\n- "))
  .map((section): [string, string] => {
    const [heading = "", ...lines] = section.split("\n");
    return [heading, /^- Test: (.*(?:\n +.*)*)/m.exec(lines.join("\n"))?.[1]?.replace(/\s+/g, " ") ?? ""];
  });

/** The proofs of a promise: a file, and behind it titles in quotes. */
function proofsOf(list: string): { file: string; title: string }[] {
  return [...list.matchAll(/`([^`]+)`((?:,? "[^"]+")+)/g)].flatMap(([, file = "", titles = ""]) =>
    [...titles.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => ({ file, title })),
  );
}

test("each promise of the threat model has its list of tests, and each list a promise", () => {
  expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index + 1));
  expect(numbers.length).toBeGreaterThan(30);
  expect([...lists.keys()]).toEqual(numbers);
});

test.each(numbers)("promise %i is shown by tests that exist", (number) => {
  mustExist(proofsOf(lists.get(number) ?? ""));
});

test.each([...promises])("promise %i names its hooks", (_, promise) => {
  expect(promise).toMatch(
    /^\*\*[^*]+\*\* \((all( except a wrap)?|wrap|(pam|force-command|profile)(, (pam|profile))?)\)\. [`\w]/,
  );
});

test("there are files that root opens where a user can write", () => expect(opens.length).toBeGreaterThan(9));

test.each(opens)("%s: how it is opened is shown by a test that exists", (_, proof) => {
  mustExist(proofsOf(proof));
});

function mustExist(proofs: ReturnType<typeof proofsOf>): void {
  expect(proofs.length).toBeGreaterThan(0);
  for (const { file, title } of proofs) {
    const path = resolve(checkout, "test", file);
    expect([file, existsSync(path)]).toEqual([file, true]);
    expect(readFileSync(path, "utf8")).toContain(title);
  }
}
