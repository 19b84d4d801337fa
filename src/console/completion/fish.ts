// Completion for fish: one `complete` for each thing to offer, with a condition on the place on the line.
import { type OptionOutline, type Outline, type Value, withAllBelow } from "../outline.ts";
import { keyOf, keysOf, namesOf } from "./places.ts";
import { fishQuoted, indented } from "./quote.ts";
import { type Kind, kindOf, PRINT_LOGINS } from "./values.ts";

const OFFERS: Readonly<Record<Exclude<Kind, "choices">, string>> = {
  file: "-F",
  directory: "-a '(__fish_complete_directories)'",
  user: "-a '(__fish_complete_users)'",
  group: "-a '(__fish_complete_groups)'",
  login: "-a '(__afkill_logins)'",
  command: "-a '(__afkill_command)'",
  nothing: "",
};

/** fish tests each condition only once for a line, even if it is here many times. */
const FIXED = `\
function __afkill_logins
    ${PRINT_LOGINS.replaceAll("\n", "\n    ")}
end

# Prints where the line has come to: the command, and how many arguments it has already.
function __afkill_place
    set -l path
    set -l arguments 0
    set -l skip 0
    set -l no_options 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if test $no_options = 0; and test "$word" = --
            set no_options 1
        else if test $no_options = 0; and string match -q -- '-*' "$word"
            contains -- "$path $word" $__afkill_options_with_value; and set skip 1
        else if test $arguments = 0; and set -l below (__afkill_below "$path $word")
            set path $below
        else
            set arguments (math $arguments + 1)
        end
    end
    echo "$path: $arguments"
end

# Whether the line has come to command $argv[1]; with $argv[2], whether just so many arguments stand before.
function __afkill_at
    set -l place (__afkill_place)
    if set -q argv[2]
        test "$place" = "$argv[1]: $argv[2]"
    else
        string match -q -- "$argv[1]: *" "$place"
    end
end

# The command that stands behind \`--\` or alone, with its own arguments.
function __afkill_command
    set -l words (commandline -opc)[3..-1] (commandline -ct)
    while set -q words[2]; and string match -q -- '-*' "$words[1]"
        set -e words[1]
    end
    complete -C (string join ' ' -- (string escape -- $words[1..-2]) $words[-1])
end

complete -c afkill -e
complete -c afkill -f`;

/** The whole script. */
export function fishCompletion(program: Outline): string {
  const all = withAllBelow(program);
  const withValue = all.flatMap((it) =>
    it.options
      .filter(({ value }) => value?.required)
      .flatMap(({ flags }) => flags.map((flag) => `${keyOf(it)} ${flag}`)),
  );
  return [
    "# Completion of afkill for fish, made by `afkill completion fish`.",
    "",
    `set -g __afkill_options_with_value ${withValue.map(fishQuoted).join(" ")}`,
    "",
    "function __afkill_below",
    '    switch "$argv[1]"',
    ...all.flatMap((it) =>
      it.path.length === 0
        ? []
        : indented(
            [`case ${keysOf(it).map(fishQuoted).join(" ")}`, `    echo ${fishQuoted(keyOf(it))}`],
            "        ",
          ),
    ),
    "        case '*'",
    "            return 1",
    "    end",
    "end",
    "",
    FIXED,
    ...all.flatMap((it) => ["", ...offersOf(it)]),
    "",
  ].join("\n");
}

function offersOf(it: Outline): string[] {
  const at = (argument?: number) => {
    const place = `__afkill_at ${fishQuoted(keyOf(it))}${argument === undefined ? "" : ` ${argument}`}`;
    return `complete -c afkill -n ${fishQuoted(place)}`;
  };
  return [
    ...it.commands.flatMap((below) =>
      namesOf(below).map((name) => `${at(0)} -a ${fishQuoted(name)} -d ${fishQuoted(below.summary)}`),
    ),
    ...it.arguments.flatMap((value, number) => {
      const offer = offerOf(value);
      return offer === "" ? [] : [`${at(value.variadic ? undefined : number)} ${offer}`];
    }),
    ...it.options.map((option) => `${at()} ${optionOf(option)}`),
  ];
}

function optionOf({ flags, value, description }: OptionOutline): string {
  const names = flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const takes = value?.required ? [kindOf(value) === "file" ? "-r" : "-x"] : [];
  const offer = value ? [offerOf(value)].filter((it) => it !== "") : [];
  return [...names, ...takes, ...offer, "-d", fishQuoted(description)].join(" ");
}

function offerOf(value: Value): string {
  const kind = kindOf(value);
  return kind === "choices" ? `-a ${fishQuoted(value.choices.join(" "))}` : OFFERS[kind];
}
