// Starting the namespaces of a lab, and ending them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { cleanEnvironment } from "./inside.ts";

/** The working copy that this file belongs to. */
export const checkout: string = resolve(import.meta.dirname, "../..");

/** A lab whose sshd listens. */
export interface Booted {
  /** Its process 1, as the outside sees it. */
  readonly pid: number;
  /** Ends every process in it; resolves when all are gone. */
  stop(): Promise<void>;
}

const NAMESPACES = ["--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--propagation", "private"];
const START_BOUND_MS = 180_000;

/** Makes the namespaces and waits until sshd listens in them. Rejects with what init.sh printed. `files`: the directory that the lab is a copy of. */
export async function boot(sshdLines: string | undefined, files: string): Promise<Booted> {
  const directory = mkdtempSync(join(tmpdir(), "afkill-lab-"));
  const linesFile = join(directory, "sshd_config");
  writeFileSync(linesFile, `${sshdLines ?? ""}\n`);
  // The parent-death signals make the lab end with this process, however it ends: unshare goes with it, process 1 with unshare.
  const unshare = spawn(
    "setpriv",
    [
      ...["--pdeathsig", "KILL", "unshare", ...NAMESPACES, "--kill-child"],
      ...["/bin/sh", "-eu", join(import.meta.dirname, "init.sh"), checkout, linesFile, files],
    ],
    { env: cleanEnvironment, cwd: "/", stdio: ["ignore", "pipe", "pipe"] },
  );
  const ended = once(unshare, "close");
  let errors = "";
  unshare.stderr.on("data", (data) => {
    errors += data;
  });
  const bound = setTimeout(() => unshare.kill("SIGKILL"), START_BOUND_MS);
  let pid = 0;
  try {
    for await (const line of createInterface({ input: unshare.stdout })) {
      if (line.startsWith("pid ")) pid = Number(line.slice("pid ".length));
      if (line !== "ready") continue;
      return {
        pid,
        stop: async () => {
          // A process 1 can be waited for only once every process of its namespace is gone, and unshare waits for it.
          if (unshare.exitCode === null && unshare.signalCode === null) process.kill(pid, "SIGKILL");
          await ended;
        },
      };
    }
  } finally {
    clearTimeout(bound);
    rmSync(directory, { recursive: true });
  }
  throw new Error(`the lab did not start: ${errors}`);
}
