// User numbers in a policy: "0", "1000-1999", and "1000-" for all from 1000 on.

/** The largest number that a user can have: the next one means "no user" to the kernel (setresuid(2)). */
const MOST_UID = 4_294_967_294;

/** One number, or a range. The JSON Schema uses it as well. */
export const UID_RANGE = "[0-9]{1,10}(?:-(?:[0-9]{1,10})?)?";

/** The first and the last number of a range. If the last is smaller, the range is empty. */
export function uidRange(text: string): readonly [number, number] {
  const [first = "", last] = text.split("-");
  return [Number(first), last === undefined ? Number(first) : last === "" ? MOST_UID : Number(last)];
}

/** Whether a number is in one of the ranges. */
export function isAmongUids(uid: number, ranges: readonly string[]): boolean {
  return ranges.some((text) => {
    const [first, last] = uidRange(text);
    return first <= uid && uid <= last;
  });
}
