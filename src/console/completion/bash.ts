// Completion for bash. It uses nothing of bash-completion, which only finds the file.
import { type Outline, type Value, withAllBelow } from "../outline.ts";
import { keyOf, keysOf, namesOf } from "./places.ts";
import { indented, quoted } from "./quote.ts";
import { type Kind, kindOf, PRINT_LOGINS } from "./values.ts";

/** The shell code that offers each kind of value; `$cur` is the part already typed. */
const OFFERS: Readonly<Record<Exclude<Kind, "choices">, string>> = {
  // readline quotes what it completes itself.
  file: "compopt -o default",
  directory: "compopt -o dirnames",
  user: 'mapfile -t COMPREPLY < <(compgen -u -- "$cur")',
  group: 'mapfile -t COMPREPLY < <(compgen -g -- "$cur")',
  login: '_afkill_words "$(_afkill_logins)"',
  command: "_afkill_command",
  nothing: ":",
};

const FIXED = `\
_afkill_logins() {
  ${PRINT_LOGINS} | command cut -f 1
}

_afkill_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

# The command with its own arguments that begins at word $first.
_afkill_command() {
  if declare -F _command_offset >/dev/null; then
    _command_offset "$first"
  elif ((arguments == 0)); then
    mapfile -t COMPREPLY < <(compgen -c -- "$cur")
  else
    compopt -o default
  fi
}

_afkill() {
  local IFS=$' \\t\\n' cur=\${COMP_WORDS[COMP_CWORD]} path='' option='' no_options='' arguments=0 first=$COMP_CWORD word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $option && $word == = ]]; then
      continue # readline breaks --option=value at the =
    elif [[ $option ]]; then
      option=''
    elif [[ ! $no_options && $word == -- ]]; then
      no_options=1
    elif [[ ! $no_options && $word == -* ]]; then
      if _afkill_takes_value "$word"; then option=$word; fi
    elif ((arguments > 0)) || ! _afkill_enter "$word"; then
      if ((arguments++ == 0)); then first=$i; fi
    fi
  done
  if [[ $option ]]; then
    if [[ $cur == = ]]; then cur=''; fi
    _afkill_offer "$option"
  elif [[ ! $no_options && $cur == -* ]]; then
    _afkill_options
  else
    _afkill_offer "$arguments"
  fi
}

complete -o nosort -F _afkill afkill`;

/** The whole script. */
export function bashCompletion(program: Outline): string {
  const all = withAllBelow(program);
  return [
    "# Completion of afkill for bash, made by `afkill completion bash`.",
    "",
    "# Goes to the command $1 below the present one, if there is such a command.",
    ...switchOf(
      "_afkill_enter",
      '"$path $1"',
      all.flatMap((it) => keysOf(it).map((key) => [quoted(key), `path=${quoted(keyOf(it))}`])),
      "return 1",
    ),
    "",
    "# Whether option $1 takes a value.",
    ...switchOf(
      "_afkill_takes_value",
      '"$path $1"',
      all.flatMap((it) =>
        it.options
          .filter(({ value }) => value?.required)
          .map(({ flags }) => [either(flags.map((flag) => `${keyOf(it)} ${flag}`)), ":"]),
      ),
      "return 1",
    ),
    "",
    "# Offers the options of the present command.",
    ...switchOf(
      "_afkill_options",
      '"$path"',
      all.map((it) => [quoted(keyOf(it)), words(it.options.flatMap(({ flags }) => flags))]),
      ":",
    ),
    "",
    "# Offers values for option $1, or for argument number $1; options where no argument is expected.",
    ...switchOf("_afkill_offer", '"$path $1"', all.flatMap(offersOf), "_afkill_options"),
    "",
    FIXED,
    "",
  ].join("\n");
}

/** Patterns of a `case`, each with its commands. */
type Cases = readonly (readonly [string, string])[];

function offersOf(it: Outline): Cases {
  const key = keyOf(it);
  const options = it.options.flatMap(({ flags, value }) =>
    value ? [[either(flags.map((flag) => `${key} ${flag}`)), offer(value)] as const] : [],
  );
  const commands = it.commands.flatMap(namesOf);
  const first = commands.length > 0 ? [[quoted(`${key} 0`), words(commands)] as const] : [];
  const values = it.arguments.map((value, at) => {
    const place = value.variadic ? `${quoted(`${key} `)}[0-9]*` : quoted(`${key} ${at}`);
    return [place, offer(value)] as const;
  });
  return [...options, ...first, ...values];
}

function offer(value: Value): string {
  const kind = kindOf(value);
  return kind === "choices" ? words(value.choices) : OFFERS[kind];
}

function words(all: readonly string[]): string {
  return `_afkill_words ${quoted(all.join(" "))}`;
}

function either(names: readonly string[]): string {
  return names.map(quoted).join(" | ");
}

/** A function that consists of one `case`. */
function switchOf(name: string, subject: string, cases: Cases, otherwise: string): string[] {
  const lines = [...cases, ["*", otherwise]].map(([pattern, action]) => `${pattern}) ${action} ;;`);
  return [`${name}() {`, ...indented([`case ${subject} in`, ...indented(lines), "esac"]), "}"];
}
