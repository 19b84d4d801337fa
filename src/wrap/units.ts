// Cuts the input from a terminal into units that a person or the terminal made: a key, a report, a mark, a stretch of text. The states are
// those of a DEC terminal's parser (ECMA-48, 5.4; the diagram of a VT500). Correct for any split of the bytes over reads.

/** The kind of a unit. `text`: characters and control characters; `escape`: ESC and one key (Alt); `string`: OSC, DCS, APC, PM, SOS. */
export type UnitKind = "text" | "escape" | "csi" | "ss3" | "x10-mouse" | "string";

export interface Unit {
  readonly kind: UnitKind;
  readonly bytes: Buffer;
}

export interface UnitReader {
  /** The units that these bytes complete. */
  push(bytes: Buffer): Unit[];
  /**
   * Returns an unfinished unit as `escape`: a lone ESC, or Alt with a key that could begin a string. Call it after the time in which a
   * terminal would have sent the rest.
   */
  flush(): Unit[];
  /** Whether a unit has begun but is not complete. */
  readonly pending: boolean;
}

const [CAN, SUB, ESC, BEL] = [0x18, 0x1a, 0x1b, 0x07];
/** No sequence of a terminal is longer than this. A longer one is passed on in parts, each with the kind that it began with. */
const LONGEST = 64 << 10;

type State =
  | "ground"
  | "escape"
  | "csi"
  /** After `ESC [ [`: the function keys of a Linux console. */
  | "linux"
  | "ss3"
  | "x10-mouse"
  | "string"
  /** After ESC inside a string. */
  | "string-end";

const KINDS: Readonly<Record<Exclude<State, "ground">, UnitKind>> = {
  escape: "escape",
  csi: "csi",
  linux: "csi",
  ss3: "ss3",
  "x10-mouse": "x10-mouse",
  string: "string",
  "string-end": "string",
};

/** Cuts one terminal's bytes. */
export function unitReader(): UnitReader {
  let state: State = "ground";
  let held: Buffer[] = [];
  let heldBytes = 0;
  let mouseBytes = 0;

  const next = (byte: number): State | "done" => {
    switch (state) {
      case "escape":
        if (byte === 0x5b) return "csi";
        if (byte === 0x4f) return "ss3";
        // DCS, SOS, OSC, PM, APC
        if (byte === 0x50 || byte === 0x58 || byte === 0x5d || byte === 0x5e || byte === 0x5f)
          return "string";
        return byte === ESC ? "escape" : "done";
      case "csi":
        // `ESC [ M` and three bytes: a mouse report of the oldest kind. `ESC [ [` and one byte: a key of a Linux console.
        if (heldBytes === 2 && byte === 0x4d) return "x10-mouse";
        if (heldBytes === 2 && byte === 0x5b) return "linux";
        return byte >= 0x20 && byte <= 0x3f ? "csi" : "done";
      case "x10-mouse":
        mouseBytes += 1;
        return mouseBytes === 3 ? "done" : "x10-mouse";
      case "string":
        if (byte === BEL || byte === CAN || byte === SUB) return "done";
        return byte === ESC ? "string-end" : "string";
      case "string-end":
        return byte === 0x5c ? "done" : byte === ESC ? "string-end" : "string";
      default:
        return "done";
    }
  };

  const take = (kind: UnitKind): Unit[] => {
    if (heldBytes === 0) return [];
    const unit = { kind, bytes: Buffer.concat(held, heldBytes) };
    held = [];
    heldBytes = 0;
    return [unit];
  };

  return {
    push: (bytes) => {
      const units: Unit[] = [];
      let from = 0;
      const hold = (to: number) => {
        held.push(bytes.subarray(from, to));
        heldBytes += to - from;
        from = to;
      };
      for (let at = 0; at < bytes.length; ) {
        if (state === "ground") {
          const begin = bytes.indexOf(ESC, at);
          at = begin === -1 ? bytes.length : begin;
          if (at > from) units.push({ kind: "text", bytes: bytes.subarray(from, at) });
          from = at;
          if (at === bytes.length) break;
          state = "escape";
          mouseBytes = 0;
          at += 1;
          hold(at);
          continue;
        }
        const kind = KINDS[state];
        const after = next(bytes[at] as number);
        // ESC ESC: the first one was a key of its own.
        if (state === "escape" && after === "escape") units.push(...take(kind));
        at += 1;
        hold(at);
        if (after === "done" || heldBytes > LONGEST) units.push(...take(kind));
        state = after === "done" ? "ground" : after;
      }
      return units;
    },
    flush: () => {
      state = "ground";
      return take("escape");
    },
    get pending() {
      return state !== "ground";
    },
  };
}
