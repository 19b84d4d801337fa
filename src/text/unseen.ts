// Text of others (names of processes and files, titles, addresses, audits) made safe for whoever reads it on a terminal.

/**
 * What a terminal obeys instead of showing, or what turns the text around it: control characters (C0, DEL and C1, of which U+009B is
 * CSI to a terminal in UTF-8), format characters such as those that reverse the direction, private-use and unpaired ones, line and
 * paragraph separators.
 */
export const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The text with `?` for each character of that kind. */
export function printable(text: string): string {
  return text.replace(UNSEEN, "?");
}

/** JSON with each of them written as `\uXXXX`, which means the same: they can stand only inside its strings. Its own line breaks stay. */
export function safeJson(json: string): string {
  return json.replace(UNSEEN, (character) => (character === "\n" ? character : codeUnits(character)));
}

/** Our own lines: what is unseen goes, but for line breaks, tabs and, where there is `colour`, the sequences that give it (SGR). */
export function safeLines(text: string, colour: boolean): string {
  const kept = colour ? /\x1b\[[\d;]*m|[\n\t]/y : /[\n\t]/y;
  return text.replace(/\x1b\[[\d;]*m|[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu, (found) => {
    kept.lastIndex = 0;
    return kept.test(found) ? found : printable(found);
  });
}

function codeUnits(character: string): string {
  const hex = (at: number) => character.charCodeAt(at).toString(16).padStart(4, "0");
  return Array.from({ length: character.length }, (_, at) => `\\u${hex(at)}`).join("");
}
