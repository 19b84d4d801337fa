// The parts of afkill(8) that are made from the program: synopsis, commands with their options, examples.
import { type OptionOutline, type Outline, type Value, withAllBelow } from "../../../src/console/outline.ts";
import { type Entry, examplesOf, sectionsOf } from "./notes.ts";
import { argument, exact, prose } from "./roff.ts";

/** One line of synopsis for each command that does something itself. */
export function synopsis(program: Outline): string[] {
  return commandsOf(program)
    .filter(({ commands }) => commands.length === 0)
    .flatMap((it) => [
      ".Nm",
      `.Cm ${it.path.join(" ")}`,
      ...it.options.flatMap(use),
      ...it.arguments.map(place),
    ]);
}

/** The options of the program itself. */
export function generalOptions({ options }: Outline): string[] {
  return optionList(options);
}

/** One subsection for each command. */
export function commandSections(program: Outline): string[] {
  return commandsOf(program).flatMap((it) => [
    `.Ss ${[`afkill ${exact(it.path.join(" "))}`, ...it.arguments.map(placeInHeading)].join(" ")}`,
    ...prose(sentence(it.description)),
    ...(it.aliases.length > 0 ? [`May also be called`, `.Cm ${it.aliases.join(" , ")} .`] : []),
    ...argumentList(it.arguments),
    ...optionList(it.options.filter(isOwn)),
    ...sectionsOf(it.notes).flatMap((section) =>
      section.kind === "text"
        ? [".Pp", ...prose(section.text)]
        : [...titleLines(section.title), ...entryList(section.entries)],
    ),
  ]);
}

function titleLines(title: string): string[] {
  return title === "" ? [] : [".Pp", ...prose(`${title}:`)];
}

/** The examples of the program itself. */
export function generalExamples({ notes }: Outline): string[] {
  return entryList(examplesOf(notes));
}

/** All commands, without the program itself and commander's `help`. */
export function commandsOf(program: Outline): Outline[] {
  return withAllBelow(program).filter(({ path }) => path.length > 0 && path.at(-1) !== "help");
}

function isOwn({ flags }: OptionOutline): boolean {
  return !flags.includes("--help");
}

function use(option: OptionOutline): string[] {
  if (!isOwn(option)) return [];
  const words = flagWords(option.flags.slice(-1), option.value);
  return [option.mandatory ? `.${words}` : `.Op ${words}`];
}

/** `Fl` writes the first dash itself. */
function flagWords(flags: readonly string[], value: Value | undefined): string {
  const names = flags.map((flag) => `Fl ${exact(flag.slice(1))}`).join(" , ");
  if (value === undefined) return names;
  return value.required ? `${names} Ar ${valueWords(value)}` : `${names} Op Ar ${valueWords(value)}`;
}

function valueWords({ name, variadic }: Value): string {
  return `${exact(name)}${variadic ? " ..." : ""}`;
}

function place(value: Value): string {
  return value.required ? `.Ar ${valueWords(value)}` : `.Op Ar ${valueWords(value)}`;
}

/** A heading does not call macros by itself. */
function placeInHeading(value: Value): string {
  return value.required ? `Ar ${valueWords(value)}` : `Op Ar ${valueWords(value)}`;
}

function argumentList(values: readonly Value[]): string[] {
  const told = values.filter(({ about, choices }) => about !== "" || choices.length > 0);
  return list(
    told.map((value) => [
      `Ar ${valueWords(value)}`,
      [sentence(value.about), choicesOf(value), presetOf(value)],
    ]),
  );
}

function optionList(options: readonly OptionOutline[]): string[] {
  return list(
    options.map(({ flags, value, description, mandatory }) => [
      flagWords(flags, value),
      [sentence(description), choicesOf(value), presetOf(value), mandatory ? "It must be given." : ""],
    ]),
  );
}

function choicesOf(value: Value | undefined): string {
  const choices = value?.choices ?? [];
  return choices.length === 0 ? "" : `One of ${choices.join(", ")}.`;
}

function presetOf(value: Value | undefined): string {
  return value?.preset === undefined ? "" : `The default is ${value.preset}.`;
}

function entryList(entries: readonly Entry[]): string[] {
  return list(
    entries.map(({ term, about }) => [`Li ${argument(term)}`, [sentence(about)]]),
    " -compact",
  );
}

/** A list of terms, each with its sentences; empty for an empty list. */
function list(items: readonly (readonly [string, readonly string[]])[], compact = ""): string[] {
  if (items.length === 0) return [];
  const lines = items.flatMap(([term, sentences]) => [
    `.It ${term}`,
    ...sentences.filter(Boolean).flatMap(prose),
  ]);
  return [`.Bl -tag -width Ds${compact}`, ...lines, ".El"];
}

/** Makes a sentence of the help text of an option or argument, which is none. */
function sentence(text: string): string {
  if (text === "") return "";
  const begun = /^[a-z][\w-]*[:=]/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
