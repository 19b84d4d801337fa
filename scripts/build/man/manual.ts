import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Outline } from "../../../src/console/outline.ts";
import { commandSections, generalExamples, generalOptions, synopsis } from "./commands.ts";
import { about, keyList } from "./keys.ts";
import { filled } from "./page.ts";

/** The pages of the manual by their file names, in mdoc(7). */
export function manualOf(program: Outline): Readonly<Record<string, string>> {
  const template = (name: string) => readFileSync(join(import.meta.dirname, name), "utf8");
  return {
    "afkill.8": filled(template("afkill.8"), {
      SYNOPSIS: synopsis(program),
      OPTIONS: generalOptions(program),
      COMMANDS: commandSections(program),
      EXAMPLES: generalExamples(program),
    }),
    "afkill.toml.5": filled(template("afkill.toml.5"), {
      KEYS: keyList(""),
      EXEMPT: [...about("exempt"), ...keyList("exempt")],
      RULE: about("rule"),
      MATCH: [...about("rule.match"), ...keyList("rule.match")],
    }),
  };
}
