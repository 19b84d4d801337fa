// A lab with the hooks' own programs and, in the place of Node and the check, a stub that tells what it was asked.
import { join } from "node:path";
import { type Lab, type LabProcess, startLab } from "../lab/lab.ts";
import type { Release } from "../lab/release.ts";

/** Where the stub that stands in for a check keeps what it was called with, one call a line, and where it finds its answer. */
export const CALLS = "/run/stub/calls";
const ANSWER = "/run/stub/answer";

const STUB = `#!/bin/sh
{ id -u; cat /proc/self/environ | tr '\\0' ' '; echo "ARGS $*"; } | tr '\\n' ' ' >>${CALLS}
echo >>${CALLS}
. ${ANSWER}
`;
const RULE =
  "session optional pam_exec.so quiet type=open_session /usr/lib/afkill/env -i /usr/lib/afkill/session";
const FORCED = "/usr/lib/afkill/forced-command";

export interface HookOptions {
  readonly pam?: boolean;
  readonly forced?: boolean;
  readonly profile?: boolean;
  /** Lines for sshd_config. */
  readonly sshd?: string;
  /** What the lab is made of; this machine's own files unless said otherwise. */
  readonly release?: Release;
  /** What the stub runs, as shell text; it prints the answer of a check. */
  readonly answer?: string;
}

/** Starts a lab with some of the hooks in place, laid out as an installation is, and the user `visitor`. */
export async function startHooks(options: HookOptions): Promise<Lab> {
  const forced = options.forced ? `ForceCommand exec ${FORCED}\n` : "";
  const lab = await startLab({ sshd: `${options.sshd ?? ""}\n${forced}`, release: options.release });
  try {
    await lab.must(`
      mkdir -p /usr/lib/afkill/dist /run/stub && chmod 1777 /run/stub
      install -m 755 ${join(lab.checkout, "pam")}/session ${join(lab.checkout, "pam")}/forced-command \\
        ${join(lab.checkout, "pam")}/watchdog ${join(lab.checkout, "pam")}/profile.sh /usr/lib/afkill/
      install -g nogroup -m 2710 /usr/bin/env /usr/lib/afkill/env
      : >${CALLS}; chmod 666 ${CALLS}`);
    await lab.write("/usr/lib/afkill/node", STUB, 0o755);
    await answer(lab, options.answer ?? "echo 3600");
    if (options.pam) await lab.must(`sed -i '0,/^session/s:^session:${RULE}\\n&:' /etc/pam.d/sshd`);
    if (options.profile) await lab.must("ln -s /usr/lib/afkill/profile.sh /etc/profile.d/afkill.sh");
    await lab.addUser("visitor");
    return lab;
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

/** Changes what the stub does when it is run as a check. */
export function answer(lab: Lab, shell: string): Promise<void> {
  return lab.write(ANSWER, `${shell}\n`);
}

/** Makes a check due at once, as a change of the policy does. */
export function changePolicy(lab: Lab): Promise<void> {
  return lab.writePolicy(`# ${performance.now()}\n`);
}

/** The watchdogs, without the copies that a shell forks of itself before it runs a program. */
export function watchdogs(lab: Lab): LabProcess[] {
  const all = lab.processes().filter(({ cmdline }) => cmdline.includes("/usr/lib/afkill/watchdog"));
  const pids = new Set(all.map(({ pid }) => pid));
  return all.filter(({ ppid }) => !pids.has(ppid));
}

/** The state directories of root's watchdogs. */
export async function claims(lab: Lab): Promise<string[]> {
  return (await lab.run("ls -d /run/afkill/[0-9]* 2>/dev/null")).stdout.split("\n").filter((it) => it !== "");
}

/** The calls of the stub so far. */
export async function calls(lab: Lab): Promise<string[]> {
  const lines = (await lab.read(CALLS)).split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "");
}
