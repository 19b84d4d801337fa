import { isIP } from "node:net";
import { type Command, InvalidArgumentError } from "commander";
import { printable, say, sayJson } from "../../console/output.ts";
import { POLICY } from "../../system/paths.ts";
import { reasonOf } from "../../text/reason-of.ts";

const EXAMPLES = `
Examples:
  afkill explain alice
  afkill explain alice --from 10.1.2.3                   as if she logged in from there: rules with "from" need it
  afkill explain alice --groups staff,oncall             as if she were in these groups, and no others
  afkill explain alice --config ./afkill.toml --json     test a new policy before you install it
`;

interface Options {
  readonly from?: string;
  readonly groups?: readonly string[];
  readonly config: string;
  readonly json?: boolean;
}

/** Adds `afkill explain`. */
export function addExplain(program: Command): void {
  program
    .command("explain")
    .summary("say what the policy means for a user, and why")
    .description(
      "Says which rule applies to a user or what exempts them, and which file and line set each limit. Says when a login that becomes idle now would be warned, locked and ended.",
    )
    .argument("<user>", "the user's name")
    .option("--from <address>", "the address that the user comes from", address)
    .option("--groups <names>", "the user's groups, instead of those that the system knows", names)
    .option("--config <file>", "the policy", POLICY)
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action(act);
}

async function act(user: string, { from, groups, config, json = false }: Options): Promise<void> {
  const [
    { loadWithOrigins },
    { asksForGroups },
    { groupsOf },
    { explain },
    { explanationLines, explanationJson },
    { canLock },
    { visibleHooks },
  ] = await Promise.all([
    import("../../policy/origins.ts"),
    import("../../policy/apply.ts"),
    import("../../policy/groups.ts"),
    import("./explain.ts"),
    import("./text.ts"),
    import("../../policy/lock-warnings.ts"),
    import("../../setup/visible-hooks.ts"),
  ]);
  const { policy, origins } = await loadWithOrigins(config);
  const matter = asksForGroups(policy, { user, address: from });
  const asked =
    groups === undefined
      ? await groupsOf(user).catch((error) => (matter ? sayHow(error) : undefined))
      : groups;
  const groupsFrom = groups ? "option" : asked ? "system" : "unknown";
  const subject = { user, groups: asked ?? [], address: from };
  const explanation = explain(policy, origins, subject, canLock(visibleHooks()));
  const now = new Date();
  if (json) sayJson(explanationJson(explanation, groupsFrom, now));
  else explanationLines(explanation, groupsFrom, now, process.stdout.columns).forEach(say);
}

/** If the policy asks for this user's groups and they are unknown, there is nothing to explain. */
function sayHow(error: unknown): never {
  const what = reasonOf(error);
  throw new Error(`${printable(what)}; give them with --groups`, { cause: error });
}

function address(text: string): string {
  if (isIP(text) === 0) throw new InvalidArgumentError("Expected an IPv4 or IPv6 address.");
  return text;
}

function names(text: string): readonly string[] {
  return text.split(",").filter((name) => name !== "");
}
