// Text in the form of mdoc(7) and roff(7).

/** A text as lines of its own. Each sentence begins a new line, as mdoc wants it, and no line is read as a request. */
export function prose(text: string): string[] {
  const oneLine = text.trim().replace(/\s+/g, " ");
  if (oneLine === "") return [];
  return oneLine.split(/(?<=[.!?]) (?=[A-Z"`])/).map((line) => plain(line).replace(/^(?=[.'])/, "\\&"));
}

/** A text as one argument of a macro. It keeps its blanks, and macros in it are not called. */
export function argument(text: string): string {
  return `"${exact(text)}"`;
}

/** Text that a user types, character by character: in prose roff changes some hyphens and quotes to typographic ones. */
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

/** Prose. Flags and text in backquotes stay exact. */
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
