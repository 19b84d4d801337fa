import { execFile } from "node:child_process";
import { SYSLOG_TEXT_BYTES, visible } from "./lines.ts";

/** The priority of a line of the system log (syslog(3)). */
export type Priority = "debug" | "info" | "notice" | "warning" | "err" | "crit";

const LOGGER_TIMEOUT_MS = 5000;

/**
 * Writes one line to the system log (facility `auth`, tag `afkill`), with control characters made visible. Resolves when logger(1) has
 * passed it on or failed. There is no other place to complain, so on a host without a system log it is silent.
 */
export async function log(priority: Priority, text: string): Promise<void> {
  const options = [`--priority=auth.${priority}`, "--tag=afkill", `--id=${process.pid}`];
  await new Promise<void>((resolve) => {
    execFile(
      "/usr/bin/logger",
      [...options, "--", visible(text, SYSLOG_TEXT_BYTES)],
      { env: {}, cwd: "/", timeout: LOGGER_TIMEOUT_MS, killSignal: "SIGKILL" },
      () => resolve(),
    );
  }).catch(() => undefined);
}
