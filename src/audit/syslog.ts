import { execFile } from "node:child_process";
import { SYSLOG_TEXT_BYTES, visible } from "./lines.ts";

/** How much a line of the system log matters (syslog(3)). */
export type Priority = "debug" | "info" | "notice" | "warning" | "err" | "crit";

const LOGGER_TIMEOUT_MS = 5000;

/**
 * Writes one line to the system log (facility `auth`, tag `afkill`), control characters made visible. Resolves once logger(1)
 * has handed it over or failed to: there is nowhere else to complain, so a host without a system log is silent.
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
