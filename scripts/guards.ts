// Removes the guards of the code one by one, each in a copy of the checkout, and sees that the case named beside it fails.
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import type { Guard } from "../test/guards/guard.ts";
import { bookworm } from "../test/lab/release.ts";

const checkout = resolve(import.meta.dirname, "..");
const execute = promisify(execFile);

/** Alone on a host, no case takes so long unless what it waits for does not come. */
const RED_AFTER_MS = 180_000;

type Outcome = "red" | "STAYED GREEN" | "DID NOT RUN";

/** Every guard that test/guards lists. */
async function allGuards(): Promise<Guard[]> {
  const directory = join(checkout, "test/guards");
  const files = readdirSync(directory).filter((name) => name !== "guard.ts");
  const lists = await Promise.all(files.sort().map((name) => import(join(directory, name))));
  return lists.flatMap(({ guards }) => guards);
}

/** Makes a copy of the checkout without one guard, built. The modules are shared by hard links: nobody changes them. */
async function copyWithout(guard: Guard, copy: string): Promise<void> {
  const skipped = ["node_modules", ".git", "dist"];
  const parts = readdirSync(checkout).filter((name) => !skipped.includes(name));
  for (const part of parts) cpSync(join(checkout, part), join(copy, part), { recursive: true });
  await execute("cp", ["-al", join(checkout, "node_modules"), copy]);
  const file = join(copy, guard.file);
  const text = readFileSync(file, "utf8");
  if (text.split(guard.find).length !== 2)
    throw new Error(`${guard.file} does not hold this once: ${guard.find}`);
  writeFileSync(
    file,
    text.replace(guard.find, () => guard.replace),
  );
  await execute(process.execPath, ["scripts/build.ts"], { cwd: copy });
}

/** The pattern of vitest's `-t` for a case; of those that are there for several releases, one is enough. */
function patternOf({ case: title, project }: Guard): string {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return project.startsWith("cases") ? `${literal(bookworm.name)}.*${literal(title)}` : literal(title);
}

/** Runs the case of a guard in a copy, and tells what came of it. */
async function runCase(guard: Guard, copy: string): Promise<Outcome> {
  const result = join(copy, "result.json");
  const options = [
    "--reporter=json",
    `--outputFile=${result}`,
    `--testTimeout=${RED_AFTER_MS}`,
    "--project",
    guard.project,
    "-t",
    patternOf(guard),
  ];
  const vitest = join(copy, "node_modules/vitest/vitest.mjs");
  // Its status says as much as the result file, and less exactly.
  await execute(process.execPath, [vitest, "run", ...options, guard.test], {
    cwd: copy,
    maxBuffer: 1 << 28,
  }).catch(() => undefined);
  const { testResults } = JSON.parse(readFileSync(result, "utf8"));
  const states: string[] = testResults.flatMap(
    ({ assertionResults }: { assertionResults: { status: string }[] }) =>
      assertionResults.map(({ status }) => status),
  );
  if (states.includes("failed")) return "red";
  return states.includes("passed") ? "STAYED GREEN" : "DID NOT RUN";
}

async function tryWithout(guard: Guard): Promise<Outcome> {
  const copy = mkdtempSync(join(tmpdir(), "afkill-guard-"));
  try {
    await copyWithout(guard, copy);
    return await runCase(guard, copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const { values } = parseArgs({
  options: { only: { type: "string", default: "" }, jobs: { type: "string", default: "4" } },
});
const guards = (await allGuards()).filter((guard) => JSON.stringify(guard).includes(values.only));
const queue = [...guards];
let bad = 0;
await Promise.all(
  Array.from({ length: Number(values.jobs) }, async () => {
    for (let guard = queue.shift(); guard; guard = queue.shift()) {
      const outcome = await tryWithout(guard).catch(
        (error) => `DID NOT RUN: ${error.message.split("\n")[0]}`,
      );
      if (outcome !== "red") bad += 1;
      console.log(`${outcome.padEnd(12)}  ${guard.file}: ${guard.why}\n${" ".repeat(14)}case: ${guard.case}`);
    }
  }),
);
console.log(`${guards.length} guards removed one by one: ${guards.length - bad} cases red, ${bad} not`);
process.exitCode = bad === 0 ? 0 : 1;
