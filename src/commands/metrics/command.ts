import type { Command } from "commander";
import { mustBeRoot, say } from "../../console/output.ts";

const EXAMPLES = `
Logins by state, the longest idle time, endings by reason, notices, stays, locks, failed checks, missing watchdogs, and whether the policy
is valid and the hooks are in effect. For the textfile collector of node_exporter, from a timer or cron; the file is written whole or not at all, and anybody may read it.
The counters begin at the start of the host, so each run reads the audit since then.

Examples:
  sudo afkill metrics
  sudo afkill metrics --output /var/lib/prometheus/node-exporter/afkill.prom
`;

/** Adds `afkill metrics`. */
export function addMetrics(program: Command): void {
  program
    .command("metrics")
    .summary("print metrics for Prometheus: logins, endings, failed checks")
    .description("Prints metrics in the text format of Prometheus.")
    .option("--output <file>", "write the metrics to this file instead")
    .addHelpText("after", EXAMPLES)
    .action(act);
}

async function act({ output }: { output?: string }): Promise<void> {
  mustBeRoot("metrics", "it looks at everybody's logins and reads the audit");
  const [{ gather }, { metricsText }] = await Promise.all([import("./gather.ts"), import("./metrics.ts")]);
  const text = metricsText(await gather());
  if (output === undefined) return say(text.trimEnd());
  const { replaceFile } = await import("../../console/replace-file.ts");
  replaceFile(output, text, 0o644);
}
