import type { Command } from "commander";
import { mustBeRoot, printable, say, sayJson, styled } from "../../console/output.ts";
import type { Finding, Level } from "./finding.ts";

const EXAMPLES = `
Exit status: 0 if there is no error, 1 if there is one. Warnings do not change it.
The doctor writes one record to the system log, to see that the log accepts it. It changes nothing else.

Examples:
  sudo afkill doctor
  sudo afkill doctor --json | jq -r '.findings[] | select(.level != "ok") | .id'
`;

const COLOURS = { ok: "green", warning: "yellow", error: "red" } as const;

/** Adds `afkill doctor`. */
export function addDoctor(program: Command): void {
  program
    .command("doctor")
    .summary("find what is wrong with the installation")
    .description("Examines hooks, programs, owners, policy and logs. Names a remedy for each problem.")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action(act);
}

async function act({ json = false }: { json?: boolean }): Promise<void> {
  mustBeRoot("doctor", "it reads files and processes that belong to root");
  const { examine, installedAges, stateOf } = await import("./examine.ts");
  const findings = await examine();
  const state = stateOf(findings);
  if (json) sayJson({ state, ages: installedAges(), findings });
  else [...findings.flatMap(linesOf), sum(findings)].forEach(say);
  if (state === "error") process.exitCode = 1;
}

function linesOf({ id, level, what, remedy }: Finding): string[] {
  const line = `${styled(COLOURS[level], level.padEnd(8))} ${id.padEnd(17)} ${printable(what)}`;
  return remedy === undefined ? [line] : [line, `${" ".repeat(9)}remedy: ${printable(remedy)}`];
}

function sum(findings: readonly Finding[]): string {
  const count = (wanted: Level) => findings.filter(({ level }) => level === wanted).length;
  const plural = (number: number, word: string) => `${number} ${word}${number === 1 ? "" : "s"}`;
  return `${plural(count("error"), "error")}, ${plural(count("warning"), "warning")}`;
}
