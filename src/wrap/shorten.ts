// After a flood of plain lines, the screen shows only the last ones. The earlier ones need not be drawn to know the screen.

/** What plain lines do not contain: control characters but CR, LF, TAB, BS and BEL, sequences but SGR, C1 in UTF-8. */
const NOT_PLAIN = /[\x00-\x06\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]|\x1b(?!\[[\d;:]*m)|\xc2[\x80-\x9f]/;
const STYLES = /\x1b\[([\d;:]*)m/g;
/** Wherever the cursor is, one screen of rows brings it to the last row, and another one fills the whole screen. */
const ROWS_TO_FORGET = 2;
/** If the collected styles are longer, shortening is not worth it. */
const LONGEST_STYLES = 4096;

/**
 * Output that leaves the same screen as `bytes`. It is shorter if `bytes` begins with more plain lines than the screen has rows. Only
 * valid for a screen without a scrollback that is between sequences and scrolls as a whole.
 */
export function shorten(bytes: Buffer, rows: number): Buffer {
  const text = bytes.toString("latin1");
  const special = text.search(NOT_PLAIN);
  const plain = special < 0 ? bytes : bytes.subarray(0, special);
  const cut = lineEndBefore(plain, rows * ROWS_TO_FORGET);
  const styles = stylesAfter(text.slice(0, cut));
  return styles.length > LONGEST_STYLES ? bytes : Buffer.concat([Buffer.from(styles), bytes.subarray(cut)]);
}

/** The offset of the last CR LF with at least `lines` line feeds after it; else 0. The CR stays: a line feed alone keeps the column. */
function lineEndBefore(bytes: Buffer, lines: number): number {
  let at = bytes.length;
  for (let count = 0; count <= lines; count += 1) {
    at = bytes.lastIndexOf(0x0a, at - 1);
    if (at <= 0) return 0;
  }
  while (at > 0 && bytes[at - 1] !== 0x0d) at = bytes.lastIndexOf(0x0a, at - 1);
  return Math.max(0, at - 1);
}

/** The styles in effect after a text: those since the last full reset. */
function stylesAfter(text: string): string {
  // Most programs reset with one of these two. Text before the last reset need not be read.
  const reset = Math.max(text.lastIndexOf("\x1b[0m"), text.lastIndexOf("\x1b[m"), 0);
  let styles = "";
  for (const [sequence, parameters = ""] of text.slice(reset).matchAll(STYLES))
    styles = /^0*(?:$|;)/.test(parameters) ? sequence : styles + sequence;
  return styles;
}
