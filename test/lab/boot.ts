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
const NEEDS =
  "It needs root with the right to make namespaces and mounts (CAP_SYS_ADMIN): no chroot, and of containers a privileged one.";

/** Makes the namespaces and waits until sshd listens in them. Rejects with the reason why not. `files`: the directory that the lab is a copy of. */
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
  const ended: Promise<unknown[]> = once(unshare, "close");
  // Whoever waits sees why it could not be started.
  ended.catch(() => undefined);
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
    // It has printed all that it will only when it is gone.
    const [status, signal] = await ended;
    throw new Error(reasonOf(errors, status, signal));
  } catch (error) {
    throw new Error(`the lab did not start: ${(error as Error).message}`);
  } finally {
    clearTimeout(bound);
    rmSync(directory, { recursive: true });
  }
}

/** Why a lab did not start, from what its process 1, or what was to make it, printed and how it ended. */
function reasonOf(errors: string, status: unknown, signal: unknown): string {
  const how = signal === null ? `status ${status}` : `signal ${signal}`;
  return `${errors.trim() || "nothing was printed"} (${how})\n${NEEDS}`;
}
