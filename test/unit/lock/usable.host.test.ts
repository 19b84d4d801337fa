// Accounts with each kind of password field, in a namespace with a shadow of the test's own. Needs root.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { HASH, onHostWith, USER } from "../../support/pam.ts";

const source = join(import.meta.dirname, "../../../src/lock/usable.ts");

function answerFor(field: string, user = USER): string {
  const ask = `console.log(await (await import("${source}")).hasPassword("${user}"))`;
  const script = [process.execPath, "--no-warnings", "--input-type=module", "-e", ask];
  const [file = "", ...args] = onHostWith([], field, script);
  return execFileSync(file, args, { encoding: "utf8" }).trim();
}

test.each([
  ["a password", `${HASH}:19000:0:99999:7:::`, "true"],
  ["no password", ":19000:0:99999:7:::", "false"],
  ["a locked password", `!${HASH}:19000:0:99999:7:::`, "false"],
  ["never a password", "*:19000:0:99999:7:::", "false"],
  ["never a password, as useradd writes it", "!:19000:0:99999:7:::", "false"],
])("%s", (_, field, answer) => {
  expect(answerFor(field)).toBe(answer);
});

test("of an account that the host keeps elsewhere nothing is known", () => {
  expect(answerFor(`${HASH}:19000:0:99999:7:::`, "nobody-here")).toBe("undefined");
  expect(answerFor(`${HASH}:19000:0:99999:7:::`, "--help")).toBe("undefined");
});
