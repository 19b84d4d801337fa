// Pure: draws a terminal's screen as an SVG picture.
import type { IBufferCell, Terminal } from "@xterm/headless";

const CELL = { width: 8.4, height: 18 };
const FONT_SIZE = 14;
const MARGIN = 12;
const TITLE_HEIGHT = 30;
const FOREGROUND = "#d8dee9";
const BACKGROUND = "#1d2129";
const FRAME = "#2b303b";
// The sixteen colours of a terminal, in the order of their numbers.
const COLOURS = [
  ...["#3b4252", "#d1606b", "#a3be8c", "#ebcb8b", "#81a1c1", "#b48ead", "#88c0d0", "#e5e9f0"],
  ...["#5b6579", "#e0808a", "#b7d3a0", "#f2dba6", "#9bb8d6", "#c9a6c3", "#a1d3e2", "#ffffff"],
];

interface Style {
  readonly foreground: string;
  readonly background: string;
  readonly bold: boolean;
}

/** A part of one row whose characters look alike. */
interface Run extends Style {
  readonly column: number;
  readonly columns: number;
  readonly text: string;
}

/** The picture of the terminal's screen, in a window frame with this title. */
export function picture(terminal: Terminal, title: string): string {
  const width = Math.ceil(terminal.cols * CELL.width + 2 * MARGIN);
  const height = TITLE_HEIGHT + terminal.rows * CELL.height + 2 * MARGIN;
  const rows = Array.from({ length: terminal.rows }, (_, row) => drawnRow(runsOf(terminal, row), row));
  const lights = ["#d1606b", "#ebcb8b", "#a3be8c"].map(
    (colour, i) => `<circle cx="${18 + 18 * i}" cy="${TITLE_HEIGHT / 2}" r="5.5" fill="${colour}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"
  font-family="ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace" font-size="${FONT_SIZE}">
<title>${escaped(title)}</title>
<rect width="${width}" height="${height}" rx="8" fill="${FRAME}"/>
<rect x="1" y="${TITLE_HEIGHT}" width="${width - 2}" height="${height - TITLE_HEIGHT - 1}" rx="7" fill="${BACKGROUND}"/>
${lights.join("")}
<text x="${width / 2}" y="${TITLE_HEIGHT / 2 + 5}" text-anchor="middle" fill="${FOREGROUND}">${escaped(title)}</text>
<g transform="translate(${MARGIN} ${TITLE_HEIGHT + MARGIN})">
${rows.filter((row) => row !== "").join("\n")}
${cursor(terminal)}
</g>
</svg>
`;
}

function runsOf(terminal: Terminal, row: number): Run[] {
  const { active } = terminal.buffer;
  const line = active.getLine(active.viewportY + row);
  const runs: Run[] = [];
  for (let column = 0; column < terminal.cols; column++) {
    const cell = line?.getCell(column);
    // The second half of a wide character has no width of its own.
    if (cell === undefined || cell.getWidth() === 0) continue;
    const next = { ...styleOf(cell), column, columns: cell.getWidth(), text: cell.getChars() || " " };
    const last = runs.at(-1);
    if (last === undefined || !looksLike(last, next)) runs.push(next);
    else runs.splice(-1, 1, { ...last, columns: last.columns + next.columns, text: last.text + next.text });
  }
  return runs;
}

function styleOf(cell: IBufferCell): Style {
  const foreground = colourOf(cell.isFgDefault(), cell.isFgRGB(), cell.getFgColor(), FOREGROUND);
  const background = colourOf(cell.isBgDefault(), cell.isBgRGB(), cell.getBgColor(), BACKGROUND);
  const bold = cell.isBold() !== 0;
  return cell.isInverse() !== 0
    ? { foreground: background, background: foreground, bold }
    : { foreground, background, bold };
}

function looksLike(a: Style, b: Style): boolean {
  return a.foreground === b.foreground && a.background === b.background && a.bold === b.bold;
}

function colourOf(isDefault: boolean, isRgb: boolean, value: number, fallback: string): string {
  if (isDefault) return fallback;
  if (isRgb) return `#${value.toString(16).padStart(6, "0")}`;
  return COLOURS[value] ?? beyondSixteen(value);
}

/** Colours 16 to 255 of xterm: a cube of 6 × 6 × 6, then 24 greys. */
function beyondSixteen(value: number): string {
  const grey = 8 + 10 * (value - 232);
  const cube = [36, 6, 1].map((step) => Math.floor((value - 16) / step) % 6);
  const levels = value >= 232 ? [grey, grey, grey] : cube.map((level) => (level === 0 ? 0 : 55 + 40 * level));
  return `rgb(${levels.join(",")})`;
}

function drawnRow(runs: readonly Run[], row: number): string {
  const y = row * CELL.height;
  const grounds = runs.filter(({ background }) => background !== BACKGROUND).map((run) => ground(run, y));
  const texts = runs.filter((run) => run.text.trim() !== "").map((run) => text(run, y + 13.5));
  return [...grounds, ...texts].join("");
}

function ground(run: Run, y: number): string {
  const [x, width] = [run.column, run.columns].map((columns) => round(columns * CELL.width));
  return `<rect x="${x}" y="${y}" width="${width}" height="${CELL.height}" fill="${run.background}"/>`;
}

/** `textLength` keeps the columns aligned in every font. No-break spaces keep the blanks. */
function text(run: Run, y: number): string {
  const shown = run.text.trimEnd();
  const blanks = run.text.length - shown.length;
  const [x, length] = [run.column, run.columns - blanks].map((columns) => round(columns * CELL.width));
  const weight = run.bold ? ' font-weight="bold"' : "";
  const characters = escaped(shown).replaceAll(" ", "\u00a0");
  return `<text x="${x}" y="${y}" textLength="${length}" fill="${run.foreground}"${weight}>${characters}</text>`;
}

function cursor(terminal: Terminal): string {
  const { cursorX, cursorY } = terminal.buffer.active;
  const [x, y] = [round(cursorX * CELL.width), cursorY * CELL.height];
  return `<rect x="${x}" y="${y}" width="${CELL.width}" height="${CELL.height}" fill="${FOREGROUND}" opacity="0.8"/>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
