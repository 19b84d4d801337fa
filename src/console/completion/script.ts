import type { Shell } from "../../system/shells.ts";
import type { Outline } from "../outline.ts";
import { bashCompletion } from "./bash.ts";
import { fishCompletion } from "./fish.ts";
import { zshCompletion } from "./zsh.ts";

/** The completion script for a shell. */
export function completionScript(shell: Shell, program: Outline): string {
  if (shell === "bash") return bashCompletion(program);
  return shell === "zsh" ? zshCompletion(program) : fishCompletion(program);
}
