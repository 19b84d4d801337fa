// A terminal between the command `afkill lock` and its lock: a real one.
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { startScreen } from "../../support/notice-screen.ts";

const module = resolve(import.meta.dirname, "../../../src/lock/cover.ts");
/** Covers the terminal for so long, between two lines. */
const covering = (ms: number) =>
  `const { coverTerminal } = await import("${module}");
  console.log("before");
  const cover = coverTerminal(["This terminal locks."]);
  await new Promise((resolve) => setTimeout(resolve, ${ms}));
  cover[Symbol.dispose]();
  console.log("after");`;
const command = (ms: number) =>
  [process.execPath, "--no-warnings", "--input-type=module", "--eval", covering(ms)] as const;

test("shows nothing of what was there, swallows keys, and comes back as it was", {
  timeout: 60_000,
}, async () => {
  using screen = startScreen([
    "/bin/sh",
    "-c",
    '"$@"; read -r line; echo "read: $line"; stty',
    "sh",
    ...command(1500),
  ]);
  await screen.waitFor("the cover", () => screen.rows().includes("This terminal locks."));
  expect(screen.rows().join("\n").trim()).toBe("This terminal locks.");
  screen.type("secret\r\x03\x1a\x1c");
  await screen.waitFor("the end", () => screen.rows().includes("after"));
  screen.type("hello\r");
  await screen.waitFor("the line", () => screen.rows().includes("read: hello"));
  expect(screen.rows().join("\n")).not.toContain("secret");
  await screen.waitFor("stty", () => screen.rows().some((row) => row.includes("speed")));
  expect(screen.rows().join("\n")).not.toMatch(/-icanon|-echo\b|-isig/);
});
