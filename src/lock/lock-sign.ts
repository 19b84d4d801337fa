// Whether a terminal is locked, for a program that is not stopped by its lock: one inside a wrap.
import { statSync } from "node:fs";
import { looksTaken } from "./attributes.ts";

/** Returns a function that tells. It always says no of a terminal that looks locked from the start: root's after `mesg n`. */
export function lockSign(path: string): () => boolean {
  const looks = () => {
    const status = statSync(path, { throwIfNoEntry: false });
    return status !== undefined && looksTaken(status);
  };
  const before = looks();
  return () => !before && looks();
}
