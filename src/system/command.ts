import { spawnSync } from "node:child_process";

/** How a program ended. `status` is `undefined` if a signal ended it or it could not be started. */
export interface Ran {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program by its absolute path, without a shell, with a clean environment, for at most 30 s. Does not throw if the program fails.
 * `as`: another user; the process then has no other groups (uv_spawn of libuv clears them).
 */
export function run(path: string, args: readonly string[], as?: { uid: number; gid: number }): Ran {
  const { status, stdout, stderr, error } = spawnSync(path, args, {
    encoding: "utf8",
    cwd: "/",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 30_000,
    killSignal: "SIGKILL",
    maxBuffer: 64 * 1024 * 1024,
    ...as,
  });
  return { status: status ?? undefined, stdout: stdout ?? "", stderr: error?.message ?? stderr };
}

/** What a failed program printed, on one line. */
export function said({ status, stderr, stdout }: Ran): string {
  const text = (stderr.trim() || stdout.trim()).replace(/\s*\n\s*/g, " / ");
  return text || `it ended with status ${status ?? "unknown"}`;
}
