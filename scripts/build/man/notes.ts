// The sections that a command's --help prints after its options.

/** A command line or a word, and what it does; `about` is empty if that is obvious. */
export interface Entry {
  readonly term: string;
  readonly about: string;
}

/** An empty title means none. */
export type Section =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "list"; readonly title: string; readonly entries: readonly Entry[] };

/**
 * An empty line separates sections. Indented lines are a list: a term, two blanks or more, and its text. A line with more indent continues
 * the line before. A line such as `Title:` above a list is the title of the list.
 */
export function sectionsOf(notes: string): Section[] {
  return notes.split(/\n[^\S\n]*\n/).flatMap((block) => {
    const runs = runsOf(block);
    return runs.flatMap((lines, at): Section[] => {
      if (isIndented(lines))
        return [{ kind: "list", title: titleOf(runs[at - 1]) ?? "", entries: entriesOf(lines) }];
      const isTitle = titleOf(lines) !== undefined && isIndented(runs[at + 1] ?? []);
      return isTitle ? [] : [{ kind: "text", text: lines.join("\n") }];
    });
  });
}

/** The command lines under `Examples:`. */
export function examplesOf(notes: string): Entry[] {
  return sectionsOf(notes).flatMap((section) =>
    section.kind === "list" && section.title === "Examples" ? section.entries : [],
  );
}

/** The lines of a block, as runs of indented and of other lines. */
function runsOf(block: string): string[][] {
  const runs: string[][] = [];
  for (const line of block.split("\n").filter((text) => text.trim() !== "")) {
    const last = runs.at(-1);
    if (last && isIndented(last) === isIndented([line])) last.push(line);
    else runs.push([line]);
  }
  return runs;
}

function isIndented([first = ""]: readonly string[]): boolean {
  return /^\s/.test(first);
}

/** The title; `undefined` if these lines are no title. */
function titleOf(lines: readonly string[] = []): string | undefined {
  return lines.length === 1 ? /^(\S.*):$/.exec(lines[0] ?? "")?.[1] : undefined;
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
