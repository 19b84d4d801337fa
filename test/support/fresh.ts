// A machine fresh from Debian's installer.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "vitest";
import { checkout } from "../lab/boot.ts";

/** The version of the package that the checkout makes. */
export const [, version = ""] =
  /^afkill \((\S+)\)/.exec(readFileSync(join(checkout, "debian/changelog"), "utf8")) ?? [];

/** Lines that make such a machine a host. */
export const HOST = ["exec 2>&1", "set -ex", ". test/fresh/host.sh", "become_host sudo"];

/** What a fresh machine runs. */
export interface Visit {
  readonly release: string;
  /** Run as root, until one fails if `set -e` is among them. */
  readonly lines: readonly string[];
  /** The machine has a copy of it at /brought. */
  readonly folder: string;
  /** Ends the machine: the signal of the test. */
  readonly signal: AbortSignal;
}

/** Returns what the lines said, and the status of the last one. */
export async function onFresh({ release, lines, folder, signal }: Visit) {
  const machine = spawn(join(checkout, "test/lab/fresh"), [release, "root", lines.join("\n"), folder], {
    stdio: ["ignore", "pipe", "inherit"],
    signal,
  });
  const status = new Promise((resolve) => machine.on("close", resolve));
  const said = await text(machine.stdout);
  return { said, status: await status };
}

/** Expects that test/fresh/idle-login.sh has seen its login warned and ended, and that no line failed. */
export function expectWarnedAndEnded({ said, status }: { said: string; status: unknown }): void {
  expect(status, said).toBe(0);
  expect(said).toMatch(/closes in \d+ s, press a key to stay.*closed by remote host/s);
  expect(said).toMatch(/"action":"notice".*"action":"end".*"ended":true/s);
}
