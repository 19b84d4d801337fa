// What a build says of itself. The same source gives the same record, whenever and wherever it is built.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Build } from "../../src/setup/build-record.ts";
import { releaseDay } from "../../src/setup/release-day.ts";

/** The record of a build of the checkout in `root` that is made by the running Node. */
export function buildRecord(root: string): Build {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const built = sourceDay(root, process.env.SOURCE_DATE_EPOCH);
  const node = process.versions.node;
  const changelog = join(root, `node_modules/node-linux-${process.arch}/CHANGELOG.md`);
  const released = releaseDay(readFileSync(changelog, "utf8"), node);
  if (released === undefined) throw new Error(`${changelog} does not say when Node ${node} was released`);
  return { version, ...(built !== undefined && { built }), node: { version: node, released } };
}

/**
 * The day of the source. `epoch`: SOURCE_DATE_EPOCH, which every builder of packages sets (reproducible-builds.org), or nothing; then the
 * last commit tells it. `undefined` if there is no commit, as in an unpacked archive.
 */
export function sourceDay(root: string, epoch: string | undefined): string | undefined {
  const seconds = Number((epoch ?? lastCommit(root)) || Number.NaN);
  if (Number.isInteger(seconds)) return new Date(seconds * 1000).toISOString().slice(0, "2026-10-21".length);
  if (epoch !== undefined) throw new Error(`SOURCE_DATE_EPOCH is no whole number of seconds: ${epoch}`);
  return undefined;
}

/** When the last commit was made, in seconds since 1970; "" if nothing tells it. */
function lastCommit(root: string): string {
  try {
    return execFileSync("git", ["-C", root, "log", "-1", "--format=%ct"], {
      encoding: "utf8",
      // An archive may be unpacked inside a repository of something else.
      env: { ...process.env, GIT_CEILING_DIRECTORIES: dirname(root) },
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "";
  }
}
