// The list of guards must fit the code: `scripts/guards` removes each of them, which takes too long for every run.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import type { Guard } from "../guards/guard.ts";

const checkout = resolve(import.meta.dirname, "../..");
const lists = readdirSync(join(checkout, "test/guards")).filter((name) => name !== "guard.ts");
const guards: Guard[] = (
  await Promise.all(lists.map((name) => import(join(checkout, "test/guards", name))))
).flatMap((list) => list.guards);

test("there are guards", () => expect(guards.length).toBeGreaterThan(0));

test.each(guards)("$file: $why", ({ file, find, replace, case: title, test: testFile }) => {
  expect(readFileSync(join(checkout, file), "utf8").split(find)).toHaveLength(2);
  expect(replace).not.toContain(find);
  expect(readFileSync(join(checkout, testFile), "utf8")).toContain(title);
});
