// A machine fresh from Debian's installer.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { checkout } from "../lab/boot.ts";

/** Lines that make such a machine a host: an sshd, here one that its package does not start, and a client. */
export const HOST = [
  "exec 2>&1",
  "set -ex",
  "printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d",
  "apt-get -qq update",
  "apt-get -qq install --no-install-recommends openssh-server openssh-client sudo",
];

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
