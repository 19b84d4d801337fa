// The sections that a command's --help prints after its options.

/** A command line, or a word, and what it does; empty where that goes without saying. */
export interface Entry {
  readonly term: string;
  readonly about: string;
}

/** A title is empty for none. */
export type Section =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "list"; readonly title: string; readonly entries: readonly Entry[] };

/**
 * Sections stand apart by an empty line. Indented lines are a list: a term, two blanks or more, what it is; a line that is indented more
 * goes on with the one before. `Title:` may stand above.
 */
export function sectionsOf(notes: string): Section[] {
  return notes
    .split(/\n[^\S\n]*\n/)
    .filter((block) => block.trim() !== "")
    .map((block): Section => {
      const lines = block.split("\n").filter((line) => line.trim() !== "");
      const title = /^(\S.*):$/.exec(lines[0] ?? "")?.[1];
      const rest = title === undefined ? lines : lines.slice(1);
      const isList = rest.length > 0 && rest.every((line) => /^\s/.test(line));
      return isList
        ? { kind: "list", title: title ?? "", entries: entriesOf(rest) }
        : { kind: "text", text: block };
    });
}

/** The command lines under `Examples:`. */
export function examplesOf(notes: string): Entry[] {
  return sectionsOf(notes).flatMap((section) =>
    section.kind === "list" && section.title === "Examples" ? section.entries : [],
  );
}

function entriesOf(lines: readonly string[]): Entry[] {
  const least = Math.min(...lines.map((line) => line.search(/\S/)));
  return lines
    .join("\n")
    .split(new RegExp(`\\n(?=\\s{${least}}\\S)`))
    .map((entry) => {
      const [term = "", about = ""] = entry.trim().split(/\s{2,}(.*)/s);
      return { term, about: about.replace(/\s+/g, " ") };
    });
}
