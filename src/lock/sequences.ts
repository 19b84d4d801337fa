// Tells typed bytes from the sequences that a terminal sends (ECMA-48, xterm's ctlseqs): byte by byte, so they may come in pieces.

/**
 * `typed`: a key of its own. `pasted`: between the brackets of a paste. `swallowed`: part of a sequence. `abandoned`: an Enter where a
 * sequence had begun; so it was none.
 */
export type Meaning = "typed" | "pasted" | "swallowed" | "abandoned";

export interface Swallower {
  /** The meaning of the next byte. `nowMs`: when it was read. */
  readonly take: (byte: number, nowMs: number) => Meaning;
}

/** `string`: OSC, DCS, APC, PM or SOS. `mouse`: the three bytes after CSI M. */
type Within = "ground" | "escape" | "csi" | "ss3" | "string" | "mouse";

/** A key Esc alone begins a sequence that never comes; people need longer than this for the next key, terminals do not. */
const LONE_ESCAPE_MS = 300;
/** A sequence whose end was lost. Until then a piece of it may still be on the way. */
const LOST_END_MS = 5_000;

const ESC = 0x1b;
const CAN = 0x18;
const SUB = 0x1a;
const BEL = 0x07;
const isEnter = (byte: number) => byte === 0x0d || byte === 0x0a;
const isFinal = (byte: number) => byte >= 0x40 && byte <= 0x7e;
const STRINGS = new Set(Array.from("]PX^_", (character) => character.charCodeAt(0)));
/** Enough to tell the brackets of a paste from others. */
const LONGEST_PARAMETERS = 4;

/** A swallower in whose view nothing has begun. */
export function newSwallower(): Swallower {
  let within: Within = "ground";
  let parameters = "";
  let mouseBytes = 0;
  let isPaste = false;
  let lastMs = Number.NEGATIVE_INFINITY;

  const enter = (next: Within): Meaning => {
    within = next;
    parameters = "";
    mouseBytes = 0;
    return "swallowed";
  };

  const begin = (byte: number): Meaning => {
    if (byte === 0x5b) return enter("csi");
    if (byte === 0x4f) return enter("ss3");
    if (STRINGS.has(byte)) return enter("string");
    // A key with Alt; or the end of a string, whose ESC has ended it already.
    return enter("ground");
  };

  const csi = (byte: number): Meaning => {
    if (byte === 0x4d && parameters === "") return enter("mouse");
    // The function keys of the Linux console: CSI [ A.
    if (byte === 0x5b && parameters === "") return enter("ss3");
    if (isFinal(byte)) {
      if (byte === 0x7e && parameters === "200") isPaste = true;
      if (byte === 0x7e && parameters === "201") isPaste = false;
      return enter("ground");
    }
    if (parameters.length < LONGEST_PARAMETERS) parameters += String.fromCharCode(byte);
    return "swallowed";
  };

  const inside = (byte: number): Meaning => {
    if (isEnter(byte)) {
      enter("ground");
      return "abandoned";
    }
    if (byte === ESC) return enter("escape");
    if (byte === CAN || byte === SUB) return enter("ground");
    if (within === "escape") return begin(byte);
    if (within === "csi") return csi(byte);
    if (within === "ss3") return isFinal(byte) ? enter("ground") : "swallowed";
    if (within === "mouse") return ++mouseBytes === 3 ? enter("ground") : "swallowed";
    return byte === BEL ? enter("ground") : "swallowed";
  };

  const take = (byte: number, nowMs: number): Meaning => {
    const waitedMs = nowMs - lastMs;
    lastMs = nowMs;
    if (waitedMs > LOST_END_MS) isPaste = false;
    if (waitedMs > (within === "escape" ? LONE_ESCAPE_MS : LOST_END_MS)) enter("ground");
    if (within !== "ground") return inside(byte);
    if (byte === ESC) return enter("escape");
    return isPaste ? "pasted" : "typed";
  };
  return { take };
}
