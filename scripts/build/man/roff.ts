// Text as mdoc(7) and roff(7) take it.

/** A text for a line of its own: sentences begin a new line, as mdoc wants it, and nothing in it is a request. */
export function prose(text: string): string[] {
  const oneLine = text.trim().replace(/\s+/g, " ");
  if (oneLine === "") return [];
  return oneLine.split(/(?<=[.!?]) (?=[A-Z"`])/).map((line) => plain(line).replace(/^(?=[.'])/, "\\&"));
}

/** A text as one argument of a macro, which keeps its blanks and is not searched for macros. */
export function argument(text: string): string {
  return `"${exact(text)}"`;
}

/** What a user types, character by character: in prose roff makes typographic hyphens and quotes of some. */
export function exact(text: string): string {
  return text.replace(/[\\"'`^~-]/g, (character) => EXACT[character] ?? character);
}

const EXACT: Readonly<Record<string, string>> = {
  "\\": "\\e",
  '"': "\\(dq",
  "'": "\\(aq",
  "`": "\\(ga",
  "^": "\\(ha",
  "~": "\\(ti",
  "-": "\\-",
};

/** Prose, in which flags and what stands in backquotes is exact. */
function plain(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) =>
      part.startsWith("`")
        ? `\\fB${exact(part.slice(1, -1))}\\fP`
        : part
            .replaceAll("\\", "\\e")
            .replace(/(?<![\w-])--?[a-zA-Z][\w-]*/g, (flag) => flag.replaceAll("-", "\\-")),
    )
    .join("");
}
