// A trial of a Node: does it run a build?
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Owner } from "../change/change.ts";
import { type Ran, run, said } from "../system/command.ts";
import { readBuild } from "./build-record.ts";

/** The user nobody, by the number that every Linux uses. A file that is no Node does little harm as that user. */
export const NOBODY: Owner = { uid: 65534, gid: 65534 };

/** Loads modules. */
const LOAD = 'process.argv.slice(1).forEach((path) => require(path)); console.log("loaded");';

/**
 * Why a Node does not run a build; `undefined` if it does. It starts the command, a check without a login, which loads all that a check
 * needs, and loads each native module.
 */
export function whyUnfit(node: string, dist: string, as?: Owner): string | undefined {
  const natives = readdirSync(dist, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".node"))
    .map((name) => join(dist, name));
  const trials: readonly (readonly [string, readonly string[], string])[] = [
    ["the command does not run", [join(dist, "cli.js"), "--version"], `${readBuild(dist).version}\n`],
    [
      "a check does not run",
      [join(dist, "check.js"), "--state", "/dev/null/afkill", "--config", "/dev/null"],
      "done\n",
    ],
    ["the native modules do not load", ["-e", LOAD, ...natives], "loaded\n"],
  ];
  for (const [what, args, expected] of trials) {
    const ran = run(node, [...jitless(), "--no-warnings", ...args], as);
    if (ran.status !== 0 || ran.stdout !== expected) return `with it ${what} (${shortly(ran)})`;
  }
  return undefined;
}

/** The command runs without V8's compiler where that may not work (src/setup/programs.ts). */
export function jitless(): string[] {
  return process.execArgv.filter((option) => option === "--jitless");
}

/** A file that is no Node may print anything. */
function shortly(ran: Ran): string {
  const text = said(ran);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
