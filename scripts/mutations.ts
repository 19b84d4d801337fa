// Makes the mutations in test/mutations one by one, each in a copy of the checkout, and checks that the test named beside it fails.
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { bookworm } from "../test/lab/release.ts";
import type { Mutation } from "../test/mutations/mutation.ts";

const checkout = resolve(import.meta.dirname, "..");
const execute = promisify(execFile);

/** Alone on a host, a case takes less than this, unless it waits for something that never comes. */
const RED_AFTER_MS = 180_000;

type Outcome = "red" | "STAYED GREEN" | "DID NOT RUN";

/** Every mutation that test/mutations lists. */
async function allMutations(): Promise<Mutation[]> {
  const directory = join(checkout, "test/mutations");
  const files = readdirSync(directory).filter((name) => name !== "mutation.ts");
  const lists = await Promise.all(files.sort().map((name) => import(join(directory, name))));
  return lists.flatMap(({ mutations }) => mutations);
}

/** Makes and builds a copy of the checkout with one mutation. The modules are hard links: nobody changes them. */
async function mutatedCopy(mutation: Mutation, copy: string): Promise<void> {
  const skipped = ["node_modules", ".git", "dist", "build"];
  const parts = readdirSync(checkout).filter((name) => !skipped.includes(name));
  for (const part of parts) cpSync(join(checkout, part), join(copy, part), { recursive: true });
  await execute("cp", ["-al", join(checkout, "node_modules"), copy]);
  const file = join(copy, mutation.file);
  const text = readFileSync(file, "utf8");
  if (text.split(mutation.find).length !== 2)
    throw new Error(`${mutation.file} does not hold this once: ${mutation.find}`);
  writeFileSync(
    file,
    text.replace(mutation.find, () => mutation.replace),
  );
  await execute(process.execPath, ["scripts/build/build.ts"], { cwd: copy });
}

/** The project of vitest.config.ts that a test belongs to. */
function projectOf({ test }: Mutation): string {
  if (test.startsWith("test/cases/machines/")) return "cases-machines";
  if (/^test\/cases\/must-end-(crowd|load)\./.test(test)) return "cases-crowd";
  if (test.endsWith(".host.test.ts")) return "host";
  return test.split("/")[1] ?? "unit";
}

/** The pattern of vitest's `-t` for a case. If it exists for several releases, one release is enough. */
function patternOf(mutation: Mutation): string {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const title = literal(mutation.case);
  return projectOf(mutation).startsWith("cases") ? `${literal(bookworm.name)}.*${title}` : title;
}

/** Runs the test of a mutation in a copy. Returns the outcome. */
async function runTest(mutation: Mutation, copy: string): Promise<Outcome> {
  const result = join(copy, "result.json");
  const options = [
    "--reporter=json",
    `--outputFile=${result}`,
    `--testTimeout=${RED_AFTER_MS}`,
    "--project",
    projectOf(mutation),
    "-t",
    patternOf(mutation),
  ];
  const vitest = join(copy, "node_modules/vitest/vitest.mjs");
  // The exit status is ignored: the result file says more.
  await execute(process.execPath, [vitest, "run", ...options, mutation.test], {
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

async function tryMutation(mutation: Mutation): Promise<Outcome> {
  const copy = mkdtempSync(join(tmpdir(), "afkill-mutation-"));
  try {
    await mutatedCopy(mutation, copy);
    return await runTest(mutation, copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const { values } = parseArgs({
  options: { only: { type: "string", default: "" }, jobs: { type: "string", default: "4" } },
});
const mutations = (await allMutations()).filter((mutation) => JSON.stringify(mutation).includes(values.only));
const queue = [...mutations];
let bad = 0;
await Promise.all(
  Array.from({ length: Number(values.jobs) }, async () => {
    for (let mutation = queue.shift(); mutation; mutation = queue.shift()) {
      const outcome = await tryMutation(mutation).catch(
        (error) => `DID NOT RUN: ${error.message.split("\n")[0]}`,
      );
      if (outcome !== "red") bad += 1;
      console.log(
        `${outcome.padEnd(12)}  ${mutation.file}: ${mutation.why}\n${" ".repeat(14)}case: ${mutation.case}`,
      );
    }
  }),
);
console.log(`${mutations.length} mutations made one by one: ${mutations.length - bad} tests red, ${bad} not`);
process.exitCode = bad === 0 ? 0 : 1;
