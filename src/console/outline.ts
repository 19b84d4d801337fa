// The commander program as plain data. Completion and the manual are made from it, so they cannot differ from the program.
import type { Argument, Command, Option } from "commander";

/** A value that an option or a command takes. */
export interface Value {
  /** The word in `<…>`. It also says what completion may offer, see `src/console/completion/values.ts`. */
  readonly name: string;
  /** What an argument is; empty if nothing is said. */
  readonly about: string;
  readonly required: boolean;
  readonly variadic: boolean;
  /** Empty if any value is allowed. */
  readonly choices: readonly string[];
  /** The default as a user would type it. */
  readonly preset: string | undefined;
}

export interface OptionOutline {
  /** As typed, the short form first: `-h`, `--help`. */
  readonly flags: readonly string[];
  readonly value: Value | undefined;
  readonly description: string;
  readonly mandatory: boolean;
}

export interface Outline {
  /** The words that lead to the command, such as `sshd apply`; none for the program itself. */
  readonly path: readonly string[];
  readonly aliases: readonly string[];
  /** A few words, for lists of commands. */
  readonly summary: string;
  /** One or more sentences. */
  readonly description: string;
  readonly options: readonly OptionOutline[];
  readonly arguments: readonly Value[];
  readonly commands: readonly Outline[];
  /** What `--help` prints at the end: sections such as `Examples:`. */
  readonly notes: string;
}

/** Describes a program. Hidden commands and options are left out; commander's own `help` and `--help` are included. */
export function outlineOf(program: Command): Outline {
  return outline(program, []);
}

/** A command and all below it, parents first. */
export function withAllBelow(outline: Outline): Outline[] {
  return [outline, ...outline.commands.flatMap(withAllBelow)];
}

function outline(command: Command, path: readonly string[]): Outline {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const names = commands.map((it) => it.name());
  return {
    path,
    aliases: command.aliases(),
    summary: command.summary() || command.description(),
    description: command.description(),
    options: help.visibleOptions(command).map(optionOutline),
    arguments: command.registeredArguments.map(argumentOutline),
    commands: commands.map((it) => {
      const below = outline(it, [...path, it.name()]);
      return command.commands.includes(it) ? below : { ...below, ...helpOf(below, names) };
    }),
    notes: notesOf(command),
  };
}

/** Commander's `help` takes the name of a command as its argument. */
function helpOf({ arguments: values }: Outline, commands: readonly string[]): Pick<Outline, "arguments"> {
  const choices = commands.filter((name) => name !== "help");
  return { arguments: values.map((value) => ({ ...value, choices })) };
}

function optionOutline(option: Option): OptionOutline {
  const { short, long, required, optional, variadic, argChoices = [], description, mandatory } = option;
  const name = /[<[]([^>\].]+)/.exec(option.flags)?.[1] ?? "";
  const value = { name, about: "", required, variadic, choices: argChoices, preset: presetOf(option) };
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    value: required || optional ? value : undefined,
    description,
    mandatory,
  };
}

function argumentOutline(argument: Argument): Value {
  const { required, variadic, argChoices = [], description } = argument;
  const preset = presetOf(argument);
  return { name: argument.name(), about: description, required, variadic, choices: argChoices, preset };
}

function presetOf({ defaultValue, defaultValueDescription }: Option | Argument): string | undefined {
  return defaultValueDescription ?? (defaultValue === undefined ? undefined : String(defaultValue));
}

/** Commander keeps no list of these texts. It prints them after its own help, which is one write. */
function notesOf(command: Command): string {
  const printed: string[] = [];
  const before = command.configureOutput();
  command.configureOutput({ writeOut: (text) => void printed.push(text), getOutHasColors: () => false });
  command.outputHelp();
  command.configureOutput(before);
  return printed.slice(1).join("").trim();
}
