// Running something inside a lab.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { text } from "node:stream/consumers";

/** How a command ended: its status, or 128 + the number of the signal that ended it. */
export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Who runs it; root unless said otherwise. */
  readonly user?: string;
  readonly input?: string | Uint8Array;
  /** The command is killed after this long, with status 137; three minutes unless said otherwise. */
  readonly timeoutMs?: number;
}

/** What a program inside a lab gets of the tests' environment: nothing. */
export const cleanEnvironment = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LANG: "C.UTF-8",
};

/** The arguments of nsenter(1) that make what follows them run inside the lab with this process 1. */
export function inside(pid: number): string[] {
  return ["--target", String(pid), "--mount", "--pid", "--net", "--ipc", "--uts", "--"];
}

/** Runs a shell command inside, in its user's home, without a terminal. */
export async function run(pid: number, command: string, options: RunOptions = {}): Promise<Ran> {
  const { user, input = "", timeoutMs = 180_000 } = options;
  // timeout(1) runs inside too: killed from outside, nsenter would leave its child behind.
  const limited = ["timeout", "--signal=KILL", String(timeoutMs / 1000)];
  const become = ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--init-groups", "--reset-env"];
  const shell = ["sh", "-c", `cd || exit\n${command}`];
  const argv = [...limited, ...(user === undefined ? [] : become), ...shell];
  const child = spawn("nsenter", [...inside(pid), ...argv], { env: cleanEnvironment, cwd: "/" });
  // A command may end without having read its input.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const status = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await status, stdout, stderr };
}
