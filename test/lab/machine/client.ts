// Reaching a machine from outside, through the network that only it and its clients are in.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { cleanEnvironment, type Ran } from "../inside.ts";
import type { Running } from "./boot.ts";

export interface CommandOptions {
  readonly input?: string;
  /** The client is killed after this long, with status 137; a minute unless said otherwise. */
  readonly timeoutMs?: number;
}

/** The command that starts a client where the machine can be reached. */
export function clientCommand({ pid, directory }: Running): string[] {
  return ["nsenter", `--net=/proc/${pid}/ns/net`, "ssh", "-F", join(directory, "ssh_config")];
}

/**
 * Opens the test's own way in: one connection, to an sshd without PAM, that each command then shares. Resolves with the process
 * that holds it once the machine has booted far enough; rejects after `boundMs`, or when the machine has stopped.
 */
export async function openControl(machine: Running, boundMs: number): Promise<ChildProcess> {
  const deadline = Date.now() + boundMs;
  const options = ["-N", "-M", "-o", "ConnectTimeout=5", "control"];
  while (Date.now() < deadline && existsSync(`/proc/${machine.pid}`)) {
    // What was killed leaves its socket behind.
    rmSync(join(machine.directory, "control"), { force: true });
    const master = spawn("setpriv", ["--pdeathsig", "KILL", ...clientCommand(machine), ...options], {
      env: cleanEnvironment,
      stdio: "ignore",
    });
    while (master.exitCode === null && Date.now() < deadline) {
      if (existsSync(join(machine.directory, "control"))) return master;
      await sleep(50);
    }
    if (master.exitCode === null) master.kill("SIGKILL");
    await sleep(200);
  }
  throw new Error("the machine's sshd does not answer");
}

/** Lets go of the connection that `openControl` made. */
export async function closeControl(master: ChildProcess): Promise<void> {
  if (master.exitCode !== null || master.signalCode !== null) return;
  const closed = once(master, "close");
  master.kill("SIGKILL");
  await closed;
}

/** Runs a shell command as the machine's root, without a terminal and without any hook. */
export async function runOn(machine: Running, command: string, options: CommandOptions): Promise<Ran> {
  const [program = "", ...argv] = [...clientCommand(machine), "control", command];
  const child = spawn(program, argv, {
    env: cleanEnvironment,
    timeout: options.timeoutMs ?? 180_000,
    killSignal: "SIGKILL",
  });
  // A command may end without having read its input.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const closed = once(child, "close");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code, signal] = (await closed) as [number | null, NodeJS.Signals | null];
  return { status: code ?? 128 + (signal === null ? 0 : constants.signals[signal]), stdout, stderr };
}
