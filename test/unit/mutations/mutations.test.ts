// The list of mutations must fit the code: `scripts/mutations` makes each of them, which takes too long for every run.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import type { Mutation } from "../../mutations/mutation.ts";

const checkout = resolve(import.meta.dirname, "../../..");
const lists = readdirSync(join(checkout, "test/mutations")).filter((name) => name !== "mutation.ts");
const mutations: Mutation[] = (
  await Promise.all(lists.map((name) => import(join(checkout, "test/mutations", name))))
).flatMap((list) => list.mutations);

test("there are mutations", () => expect(mutations.length).toBeGreaterThan(0));

test.each(mutations)("$file: $why", ({ file, find, replace, case: title, test: testFile }) => {
  expect(readFileSync(join(checkout, file), "utf8").split(find)).toHaveLength(2);
  expect(replace).not.toContain(find);
  expect(readFileSync(join(checkout, testFile), "utf8")).toContain(title);
});
