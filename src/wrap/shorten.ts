// A flood of plain lines leaves on the screen only what the last of them left. What came before need not be drawn to know the screen.

/** What plain lines do not hold: other control characters than CR, LF, TAB, BS and BEL, sequences other than SGR, C1 in UTF-8. */
const NOT_PLAIN = /[\x00-\x06\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]|\x1b(?!\[[\d;:]*m)|\xc2[\x80-\x9f]/;
const STYLES = /\x1b\[([\d;:]*)m/g;
/** A screen is filled again by its own number of rows, wherever the cursor was, after as many that brought it to the last row. */
const ROWS_TO_FORGET = 2;
/** What is collected of styles must be worth it. */
const LONGEST_STYLES = 4096;

/**
 * Output that leaves the same screen as `bytes`, and is shorter where they begin with more plain lines than the screen has rows. It
 * holds where a screen without a scrollback is between sequences and scrolls as a whole.
 */
export function shorten(bytes: Buffer, rows: number): Buffer {
  const text = bytes.toString("latin1");
  const special = text.search(NOT_PLAIN);
  const plain = special < 0 ? bytes : bytes.subarray(0, special);
  const cut = lineEndBefore(plain, rows * ROWS_TO_FORGET);
  const styles = stylesAfter(text.slice(0, cut));
  return styles.length > LONGEST_STYLES ? bytes : Buffer.concat([Buffer.from(styles), bytes.subarray(cut)]);
}

/** The place of the last CR LF that so many line feeds come after; 0 when there is none. It stays: a line feed alone keeps the column. */
function lineEndBefore(bytes: Buffer, lines: number): number {
  let at = bytes.length;
  for (let count = 0; count <= lines; count += 1) {
    at = bytes.lastIndexOf(0x0a, at - 1);
    if (at <= 0) return 0;
  }
  while (at > 0 && bytes[at - 1] !== 0x0d) at = bytes.lastIndexOf(0x0a, at - 1);
  return Math.max(0, at - 1);
}

/** The styles in force behind a text: those since the last that reset them all. */
function stylesAfter(text: string): string {
  // Most programs reset with one of these; what stands before the last of them need not be read.
  const reset = Math.max(text.lastIndexOf("\x1b[0m"), text.lastIndexOf("\x1b[m"), 0);
  let styles = "";
  for (const [sequence, parameters = ""] of text.slice(reset).matchAll(STYLES))
    styles = /^0*(?:$|;)/.test(parameters) ? sequence : styles + sequence;
  return styles;
}
