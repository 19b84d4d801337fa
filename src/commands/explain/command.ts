import { isIP } from "node:net";
import { type Command, InvalidArgumentError, Option } from "commander";
import { LOGIN_KINDS, type LoginKind } from "../../audit/words.ts";
import { printable, say, sayJson } from "../../console/output.ts";
import { POLICY } from "../../system/paths.ts";
import { reasonOf } from "../../text/reason-of.ts";

const EXAMPLES = `
Examples:
  afkill explain alice
  afkill explain alice --from 10.1.2.3                   as if she logged in from there: rules with "from" need it
  afkill explain alice --groups staff,oncall             as if she were in these groups, and no others
  afkill explain alice --kind sftp --port 2222           as if she copied files through an sshd on that port
  afkill explain alice --host db1.example.org            as on the host of this name
  afkill explain alice --config ./afkill.toml --json     test a new policy before you install it
`;

interface Options {
  readonly from?: string;
  readonly groups?: readonly string[];
  readonly port?: number;
  readonly host?: string;
  readonly kind?: LoginKind;
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
    .option("--port <number>", "the port of sshd that the user connects to", port)
    .option("--host <name>", "the name of the host, instead of this host's")
    .addOption(new Option("--kind <kind>", "what the login is for").choices(LOGIN_KINDS))
    .option("--config <file>", "the policy", POLICY)
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action(act);
}

async function act(user: string, options: Options): Promise<void> {
  const { from, groups, port, host, kind, config, json = false } = options;
  const [
    { loadWithOrigins },
    { asksForGroups },
    { groupsOf },
    { systemNames },
    { hostNames },
    { explain },
    { explanationLines },
    { explanationJson },
    { canLock },
    { visibleHooks },
  ] = await Promise.all([
    import("../../policy/origins.ts"),
    import("../../policy/apply.ts"),
    import("../../policy/groups.ts"),
    import("../../login/user.ts"),
    import("../../system/host-names.ts"),
    import("./explain.ts"),
    import("./text.ts"),
    import("./json.ts"),
    import("../../policy/lock-warnings.ts"),
    import("../../setup/visible-hooks.ts"),
  ]);
  const { policy, origins } = await loadWithOrigins(config);
  // To ask for a user takes a process, and a directory may hang.
  const isUidAsked = policy.rules.some(({ match }) => match.uids.length > 0);
  const uid = isUidAsked ? systemNames.uidOf(user) : undefined;
  const who = { user, uid, address: from, port, hosts: hostNames(host), kind };
  const matter = asksForGroups(policy, who);
  const asked =
    groups === undefined
      ? await groupsOf(user).catch((error) => (matter ? sayHow(error) : undefined))
      : groups;
  const groupsFrom = groups ? "option" : asked ? "system" : "unknown";
  const subject = { ...who, groups: asked ?? [] };
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

function port(text: string): number {
  const number = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > 65_535) throw new InvalidArgumentError("Expected a port from 1 to 65535.");
  return number;
}

function names(text: string): readonly string[] {
  return text.split(",").filter((name) => name !== "");
}
