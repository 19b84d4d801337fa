// The sequences that set the colours and styles of a cell.
import type { Attributes } from "./emulator.ts";

// xterm.js packs colours and flags into two words: mode and value in the low bits, flags in the high ones (its common/buffer/Constants.ts).
const MODE = 0x3000000;
const PALETTE_16 = 0x1000000;
const PALETTE_256 = 0x2000000;
export const HAS_EXTENDED = 0x10000000;
const PROTECTED = 0x20000000;
const UNDERLINE = 0x10000000;
const FG_FLAGS: readonly (readonly [flag: number, parameter: number])[] = [
  [0x8000000, 1],
  [0x20000000, 5],
  [0x4000000, 7],
  [0x40000000, 8],
  [0x80000000, 9],
];
const BG_FLAGS: readonly (readonly [flag: number, parameter: number])[] = [
  [0x8000000, 2],
  [0x4000000, 3],
  [0x40000000, 53],
];

function colour(word: number, base: 30 | 40 | 50): string[] {
  // The bits above the byte of a palette may still hold the colour before.
  const value = (word & MODE) === PALETTE_16 || (word & MODE) === PALETTE_256 ? word & 0xff : word & 0xffffff;
  switch (word & MODE) {
    case 0:
      return [];
    case PALETTE_16:
      return base === 50 ? [`58;5;${value}`] : [String(value < 8 ? base + value : base + 60 + value - 8)];
    case PALETTE_256:
      return [`${base + 8};5;${value}`];
    default:
      return [`${base + 8};2;${value >> 16};${(value >> 8) & 0xff};${value & 0xff}`];
  }
}

function underline({ fg, bg, underlineStyle }: Attributes): string[] {
  if ((fg & UNDERLINE) === 0) return [];
  return (bg & HAS_EXTENDED) === 0 || underlineStyle < 2 ? ["4"] : [`4:${underlineStyle}`];
}

/** Whether two cells look alike. */
export function isSame(one: Attributes, other: Attributes): boolean {
  return style(one) === style(other) && isProtected(one) === isProtected(other) && one.link === other.link;
}

/** Whether a cell has the colours and styles of the next printed character. The underline is not compared. */
export function hasColours(cell: Attributes, now: Attributes): boolean {
  // The highest bit is a flag, so one of the two words can be negative: XOR compares the bits.
  return (cell.fg ^ now.fg) === 0 && ((cell.bg ^ now.bg) & ~HAS_EXTENDED) === 0;
}

/** Whether erasing a cell can make it look like this: it has a background, and nothing else. */
export function isErasable({ fg, bg }: Attributes): boolean {
  return fg === 0 && (bg & ~(MODE | 0xffffff)) === 0;
}

const isProtected = ({ bg }: Attributes) => (bg & PROTECTED) !== 0;

function style(attributes: Attributes): string {
  const { fg, bg, underlineColor } = attributes;
  const parameters = [
    "0",
    ...FG_FLAGS.filter(([flag]) => (fg & flag) !== 0).map(([, parameter]) => String(parameter)),
    ...BG_FLAGS.filter(([flag]) => (bg & flag) !== 0).map(([, parameter]) => String(parameter)),
    ...underline(attributes),
    ...colour(fg, 30),
    ...colour(bg, 40),
    ...colour(underlineColor, 50),
  ];
  return `\x1b[${parameters.join(";")}m`;
}

/** Colours, styles, protection (DECSCA) and link (OSC 8) of `attributes`, whatever they were before. */
export function setAttributes(attributes: Attributes): string {
  // SGR 0 does not end protection in a terminal, but it does in some emulators. So it comes first.
  return `${style(attributes)}\x1b[${isProtected(attributes) ? 1 : 0}"q\x1b]8;${attributes.link || ";"}\x1b\\`;
}
