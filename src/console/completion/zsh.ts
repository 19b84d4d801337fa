// Completion for zsh: each command becomes a call of zsh's own `_arguments` (zshcompsys(1)).
import { type OptionOutline, type Outline, type Value, withAllBelow } from "../outline.ts";
import { namesOf } from "./places.ts";
import { indented, quoted } from "./quote.ts";
import { type Kind, kindOf, PRINT_LOGINS } from "./values.ts";

const ACTIONS: Readonly<Record<Exclude<Kind, "choices">, string>> = {
  file: "_files",
  directory: "_files -/",
  user: "_users",
  group: "_groups",
  login: "_afkill_logins",
  command: "_normal",
  nothing: " ",
};

const LOGINS = `\
_afkill_logins() {
  local terminal user
  local -a logins
  while IFS=$'\\t' read -r terminal user; do
    logins+=("$terminal\${user:+:$user}")
  done < <(${PRINT_LOGINS})
  _describe -t logins 'SSH login' logins
}`;

/** As a file in fpath the script is the body of `_afkill`; if it is read by `source`, it must register itself. */
const END = `\
if [[ $funcstack[1] == _afkill ]]; then
  _afkill "$@"
else
  compdef _afkill afkill
fi`;

/** The whole script. */
export function zshCompletion(program: Outline): string {
  return [
    "#compdef afkill",
    "# Completion of afkill for zsh, made by `afkill completion zsh`.",
    "",
    LOGINS,
    "",
    ...withAllBelow(program).flatMap((it) => [...functionOf(it), ""]),
    END,
    "",
  ].join("\n");
}

function functionOf(it: Outline): string[] {
  const body = it.commands.length > 0 ? withCommands(it) : call(it, "", it.arguments.map(argumentSpec));
  return [`${functionName(it)}() {`, ...indented(body), "}"];
}

function withCommands(it: Outline): string[] {
  const list = it.commands.flatMap((below) =>
    namesOf(below).map((name) => quoted(`${name}:${below.summary.replaceAll("\\", "\\\\")}`)),
  );
  const branches = it.commands.map((below) => `${namesOf(below).join(" | ")}) ${functionName(below)} ;;`);
  return [
    "local context state state_descr line",
    "local -A opt_args",
    // Not `commands`: that is zsh's own table of programs.
    "local -a subcommands=(",
    ...indented(list),
    ")",
    ...call(it, "-C ", ["1: :->command", "*:: :->below"]),
    "case $state in",
    "  command) _describe -t commands command subcommands ;;",
    "  below)",
    `    curcontext="\${curcontext%:*}-$line[1]:"`,
    "    case $line[1] in",
    ...indented(branches, "      "),
    "    esac",
    "    ;;",
    "esac",
  ];
}

/** `_arguments` with the options of a command and these arguments. After a complete command, options belong to that command. */
function call(
  { options, arguments: values }: Outline,
  flags: string,
  positions: readonly string[],
): string[] {
  const ownOptions = values.some((value) => kindOf(value) === "command") ? "-A '-*' " : "";
  const specs = [...options.flatMap(optionSpecs), ...positions].map(quoted);
  const lines = specs.map((spec, at) => (at === specs.length - 1 ? spec : `${spec} \\`));
  return [`_arguments -s -S ${ownOptions}${flags}: \\`, ...indented(lines)];
}

function optionSpecs({ flags, value, description }: OptionOutline): string[] {
  const others = flags.length > 1 && !value?.variadic ? `(${flags.join(" ")})` : "";
  return flags.map((flag) => {
    const many = value?.variadic ? "*" : "";
    const joins = value === undefined ? "" : flag.startsWith("--") ? "=" : "+";
    const what = value === undefined ? "" : valueSpec(value);
    return `${many}${others}${flag}${joins}[${escaped(description)}]${what}`;
  });
}

function argumentSpec(value: Value, at: number): string {
  if (kindOf(value) === "command") return "*:::command:_normal";
  return `${value.variadic ? "*" : at + 1}${valueSpec(value)}`;
}

function valueSpec(value: Value): string {
  const kind = kindOf(value);
  const action = kind === "choices" ? `(${value.choices.join(" ")})` : ACTIONS[kind];
  return `${value.required || value.variadic ? ":" : "::"}${escaped(value.name)}:${action}`;
}

function functionName({ path }: Outline): string {
  return ["_afkill", ...path].join("_").replaceAll("-", "_");
}

function escaped(text: string): string {
  return text.replace(/[\\[\]:]/g, "\\$&");
}
