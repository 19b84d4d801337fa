// Patterns of names as sshd_config(5) has them, section PATTERNS: `*` is any text, `?` is one character, and `!` before a pattern excepts
// what the pattern fits.

/** Before a pattern it excepts what the pattern fits. */
export const NEGATION = "!";

/** Whether an entry of a list is an exception. */
export function isNegated(entry: string): boolean {
  return entry.startsWith(NEGATION);
}

/** An entry without its negation. */
export function positive(entry: string): string {
  return isNegated(entry) ? entry.slice(NEGATION.length) : entry;
}

/** Whether a pattern can fit more than one name. */
export function isWild(pattern: string): boolean {
  return /[*?]/.test(pattern);
}

/**
 * Whether a whole text fits a pattern without negation. Upper and lower case differ. It takes at most the product of both lengths: only the
 * last `*` is ever tried again, because what an earlier one could take more, the last one can take as well.
 */
export function fitsPattern(text: string, pattern: string): boolean {
  const [characters, signs] = [[...text], [...pattern]];
  let [at, sign] = [0, 0];
  let star: { readonly sign: number; readonly taken: number } | undefined;
  while (at < characters.length) {
    if (signs[sign] === "*") {
      star = { sign, taken: at };
      sign += 1;
    } else if (sign < signs.length && (signs[sign] === "?" || signs[sign] === characters[at])) {
      at += 1;
      sign += 1;
    } else {
      if (!star) return false;
      star = { sign: star.sign, taken: star.taken + 1 };
      at = star.taken;
      sign = star.sign + 1;
    }
  }
  return signs.slice(sign).every((it) => it === "*");
}

/** The entry of a list that decides about somebody, by its index. */
export interface Deciding {
  readonly index: number;
  /** It excepts them: the list does not fit. */
  readonly isException: boolean;
}

/**
 * The entry of a list that decides about one who has these names; `undefined` if none fits, and then the list does not fit. An exception
 * that fits any of the names beats all other entries. So a list of exceptions only fits nobody.
 */
export function decidingEntry(entries: readonly string[], names: readonly string[]): Deciding | undefined {
  const fits = (entry: string) => names.some((name) => fitsPattern(name, positive(entry)));
  const exception = entries.findIndex((entry) => isNegated(entry) && fits(entry));
  if (exception >= 0) return { index: exception, isException: true };
  const index = entries.findIndex(fits);
  return index < 0 ? undefined : { index, isException: false };
}

/** Whether a list of patterns fits one who has these names. */
export function fitsList(entries: readonly string[], names: readonly string[]): boolean {
  return decidingEntry(entries, names)?.isException === false;
}

/** Whether a list can fit anybody: it has an entry that is no exception. */
export function canFit(entries: readonly string[]): boolean {
  return entries.some((entry) => !isNegated(entry));
}
