// How the scripts name the place on a line where a command stands.
import type { Outline } from "../outline.ts";

/** Each word with a blank before it, so that `"$place $word"` is the place of a command below: ` sshd apply`, empty for the program. */
export function keyOf({ path }: Pick<Outline, "path">): string {
  return path.map((word) => ` ${word}`).join("");
}

/** A command's own names: the name and its aliases; none for the program. */
export function namesOf({ path, aliases }: Outline): string[] {
  return path.slice(-1).flatMap((name) => [name, ...aliases]);
}

/** All keys by which a command can be reached from the one above. */
export function keysOf(command: Outline): string[] {
  const above = command.path.slice(0, -1);
  return namesOf(command).map((name) => keyOf({ path: [...above, name] }));
}
