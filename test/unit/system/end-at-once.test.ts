// How a program ends: soon, and with all that it wrote.
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

const MODULE = new URL("../../../src/system/end-at-once.ts", import.meta.url).href;

/** Runs a script that may end itself with `endAtOnce`; both streams are pipes. */
async function run(script: string): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const source = `import { endAtOnce } from ${JSON.stringify(MODULE)}; ${script}`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await ended, stdout, stderr };
}

test.each(["stdout", "stderr"] as const)(
  "what a pipe of %s does not take at once is not lost",
  async (name) => {
    const told = await run(`process.${name}.write("x".repeat(4 << 20)); endAtOnce(3);`);
    expect([told.status, told[name].length]).toEqual([3, 4 << 20]);
  },
);

test("nothing that is still to come is waited for", async () => {
  const told = await run(`setTimeout(() => {}, 3_600_000); process.stdout.write("told"); endAtOnce(0);`);
  expect(told).toEqual({ status: 0, stdout: "told", stderr: "" });
});
