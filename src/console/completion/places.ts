// How the scripts name the place of a command on a line.
import type { Outline } from "../outline.ts";

/** The words, each after a blank: ` sshd apply`; empty for the program. So `"$place $word"` is the place of a command below. */
export function keyOf({ path }: Pick<Outline, "path">): string {
  return path.map((word) => ` ${word}`).join("");
}

/** The name of a command and its aliases; none for the program. */
export function namesOf({ path, aliases }: Outline): string[] {
  return path.slice(-1).flatMap((name) => [name, ...aliases]);
}

/** All keys that lead to a command from the one above. */
export function keysOf(command: Outline): string[] {
  const above = command.path.slice(0, -1);
  return namesOf(command).map((name) => keyOf({ path: [...above, name] }));
}
