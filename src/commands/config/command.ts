import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Command, Option } from "commander";
import { say, sayJson } from "../../console/output.ts";
import { PRESET_NAMES, type PresetName } from "../../policy/preset-names.ts";
import { POLICY, POLICY_SCHEMA } from "../../system/paths.ts";

const EXAMPLES = `
Examples:
  afkill config check                              every mistake of every file, with line and column
  afkill config show                               what is in force, and which file set it
  afkill config init --preset pci-dss
  afkill config schema > afkill.schema.json        for editors
`;

const CHECK_EXAMPLES = `
Exit status: 0 for a good policy, 1 for one with a mistake. A warning does not change it: of what matches
nobody here, such as a name that this host does not know, a pattern that fits nobody, or a rule for other
hosts; and of a lock where no hook can lock, where the limit closes the terminal.

Examples:
  afkill config check
  afkill config check ./afkill.toml && sudo install -m 644 afkill.toml /etc/afkill/
  afkill config check --json | jq -r '.problems[] | "\\(.file):\\(.line)"'
`;

const SHOW_EXAMPLES = `
Examples:
  afkill config show
  afkill config show --json | jq -r '.limits.idle_timeout.value'
  afkill config show --toml                        one file that means the same
`;

const INIT_EXAMPLES = `
Presets. Beside each value is the paragraph of the standard that asks for it:
  pci-dss       PCI DSS v4.0.1, requirement 8.2.8
  pci-dss-lock  the same, but an idle terminal is locked, not closed
  cis           CIS Benchmarks for Debian and Red Hat Enterprise Linux, the shell timeout
  stig          DISA STIGs for Red Hat Enterprise Linux 9 and Ubuntu 22.04, the shell timeout
  stig-lock     DISA STIGs for Red Hat Enterprise Linux 8 and 9, the session lock of command lines

Examples:
  afkill config init                               print the default policy
  sudo afkill config init --preset stig --output /etc/afkill/afkill.toml
`;

const SCHEMA_EXAMPLES = `
afkill install puts the schema at /usr/lib/afkill/dist/afkill.schema.json. The first line of a policy that
"afkill config init" writes points there. The editor tools Taplo and "Even Better TOML" follow that line.

Examples:
  afkill config schema > afkill.schema.json
`;

/** Adds `afkill config` with its subcommands. `dist`: the directory of the build, which holds the schema. */
export function addConfig(program: Command, dist: string): void {
  const config = program
    .command("config")
    .summary("check, show and write the policy")
    .description("Checks the policy, shows what is in force and where it was set, and writes a new one.")
    .addHelpText("after", EXAMPLES);
  config
    .command("check")
    .summary("find every mistake in a policy")
    .description(
      "Reads a policy and its drop-ins. Prints every mistake with file, line, column and key, what matches nobody on this host, and each lock that its hooks cannot give.",
    )
    .argument("[file]", "the policy", POLICY)
    .option("--json", "print JSON")
    .addHelpText("after", CHECK_EXAMPLES)
    .action(check);
  config
    .command("show")
    .summary("show the policy that is in force")
    .description("Shows the policy that results from all its files: every key, and the place that set it.")
    .option("--config <file>", "the policy", POLICY)
    .addOption(new Option("--json", "print JSON").conflicts("toml"))
    .option("--toml", "print one policy file that means the same")
    .addHelpText("after", SHOW_EXAMPLES)
    .action(show);
  config
    .command("init")
    .summary("write a new policy")
    .description("Prints a policy with every key, its default, and what it does.")
    .addOption(new Option("--preset <name>", "values that a standard asks for").choices(PRESET_NAMES))
    .option("--output <file>", "write to this file, if it does not exist yet")
    .option("--force", "replace the file if it exists")
    .addHelpText("after", INIT_EXAMPLES)
    .action(init);
  config
    .command("schema")
    .summary("print the JSON Schema of a policy, for editors")
    .description("Prints the JSON Schema of a policy file. Editors complete and check keys with it.")
    .addHelpText("after", SCHEMA_EXAMPLES)
    .action(() => schema(dist));
}

async function check(file: string, { json = false }: { json?: boolean }): Promise<void> {
  const [{ loadFiles }, { mergePolicy }, { PolicyError }, { warningsOf }, { checkJson, checkLines }] =
    await Promise.all([
      import("../../policy/load.ts"),
      import("../../policy/merge.ts"),
      import("../../policy/problems.ts"),
      import("./warnings.ts"),
      import("./text.ts"),
    ]);
  const files = await loadFiles(file).catch((error: unknown) => {
    if (error instanceof PolicyError) return error;
    throw error;
  });
  const result = files instanceof PolicyError ? files : mergePolicy(files);
  const warnings = files instanceof PolicyError ? [] : await warningsOf(files);
  if (json) sayJson(checkJson(result, warnings));
  else checkLines(result, warnings).forEach(say);
  if (result instanceof PolicyError) process.exitCode = 1;
}

async function show(options: { config: string; json?: boolean; toml?: boolean }): Promise<void> {
  const [{ loadWithOrigins }, { showJson, showLines }, { policyToml }] = await Promise.all([
    import("../../policy/origins.ts"),
    import("./text.ts"),
    import("../../policy/toml.ts"),
  ]);
  const { policy, origins } = await loadWithOrigins(options.config);
  if (options.json) sayJson(showJson(policy, origins));
  else if (options.toml) say(policyToml(policy, origins));
  else showLines(policy, origins, process.stdout.columns).forEach(say);
}

interface InitOptions {
  readonly preset?: PresetName;
  readonly output?: string;
  readonly force?: boolean;
}

async function init({ preset, output, force = false }: InitOptions, command: Command): Promise<void> {
  if (force && output === undefined) command.error("error: --force needs --output");
  const [{ policyWithPreset }, { writeNew }] = await Promise.all([
    import("../../policy/presets.ts"),
    import("../../change/write-new.ts"),
  ]);
  const text = policyWithPreset(preset);
  if (output === undefined) {
    process.stdout.write(text);
    return;
  }
  writeNew(output, text, force);
  say(`wrote ${output}`);
}

function schema(dist: string): void {
  process.stdout.write(readFileSync(join(dist, basename(POLICY_SCHEMA))));
}
