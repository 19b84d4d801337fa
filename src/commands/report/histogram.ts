// Pure: how often each idle time occurred.

/** Idle times from `fromSeconds` to below `toSeconds` (`null`: no upper limit): how many there were at an end, and at a return. */
export interface Bin {
  readonly fromSeconds: number;
  readonly toSeconds: number | null;
  readonly atEnding: number;
  readonly atReturn: number;
}

const MINUTE = 60;
const HOUR = 3600;
const EDGES = [
  0,
  MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  20 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
  8 * HOUR,
];

/** Counts idle times, in seconds, in bins that are the same in every report. */
export function histogramOf(atEnding: readonly number[], atReturn: readonly number[]): readonly Bin[] {
  return EDGES.map((fromSeconds, at) => {
    const toSeconds = EDGES[at + 1] ?? null;
    const isIn = (seconds: number) => seconds >= fromSeconds && (toSeconds === null || seconds < toSeconds);
    return {
      fromSeconds,
      toSeconds,
      atEnding: atEnding.filter(isIn).length,
      atReturn: atReturn.filter(isIn).length,
    };
  });
}

/** The bins without the empty ones at both ends. */
export function filledOf(bins: readonly Bin[]): readonly Bin[] {
  const isFilled = ({ atEnding, atReturn }: Bin) => atEnding + atReturn > 0;
  return bins.slice(Math.max(0, bins.findIndex(isFilled)), bins.findLastIndex(isFilled) + 1);
}

/** `5–10 min`. `dash`: what stands between the two numbers. */
export function binLabel({ fromSeconds, toSeconds }: Bin, dash: string): string {
  if (toSeconds === null) return `${fromSeconds / HOUR} h or more`;
  if (fromSeconds === 0) return `under ${toSeconds / MINUTE} min`;
  const [unit, name] = toSeconds > HOUR ? [HOUR, "h"] : [MINUTE, "min"];
  return `${fromSeconds / unit}${dash}${toSeconds / unit} ${name}`;
}
