// Makes text of others (names of processes and files, titles, addresses, audits) safe to read on a terminal.

/**
 * Characters that a terminal obeys instead of showing them, or that change the text around them: control characters (C0, DEL and C1; U+009B
 * is CSI to a terminal in UTF-8), format characters such as those that reverse the direction, private-use characters, unpaired surrogates,
 * line and paragraph separators.
 */
export const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The text with `?` instead of each unseen character. */
export function printable(text: string): string {
  return text.replace(UNSEEN, "?");
}

/**
 * JSON with each unseen character written as `\uXXXX`, which means the same: such characters can only be inside its strings. Its own line
 * breaks stay.
 */
export function safeJson(json: string): string {
  return json.replace(UNSEEN, (character) => (character === "\n" ? character : codeUnits(character)));
}

/** Our own lines without unseen characters. Line breaks and tabs stay, and with `colour` also colour sequences (SGR). */
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
