import { hostname } from "node:os";

/** The names of this host as hostname(1) gives it: the whole one, and the part before its first dot. No resolver is asked. */
export function hostNames(whole: string = hostname()): readonly string[] {
  const [short = ""] = whole.split(".", 1);
  return short === "" || short === whole ? [whole] : [whole, short];
}
