// If a program of the build was started on a Node that is too old, starts it again on its own Node. Use nothing newer than Node 18
// here.
import { spawnSync } from "node:child_process";
import { constants } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { ownNode } from "../../src/setup/own-node.ts";

/** Runs this process's program, with its arguments, on the build's own Node, and exits with its status. */
export function runOnOwnNode(): void {
  // Beside the program's own file: a build puts both into one directory.
  const dist = dirname(fileURLToPath(import.meta.url));
  const [, program = "", ...args] = process.argv;
  try {
    const { status, signal } = spawnSync(ownNode(dist), [program, ...args], { stdio: "inherit" });
    process.exitCode = status ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  } catch (error) {
    process.stderr.write(`afkill: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
