// The package manager of the host, where the programs belong to a package.
import { PROGRAM_DIRECTORY } from "../system/paths.ts";

/** The package manager that a package belongs to: how it is asked, and what an administrator is told to do with it. */
export interface Manager {
  readonly name: "dpkg" | "rpm";
  /** A program with its arguments. It prints a line for each file that is not as the package has it. */
  readonly verify: readonly [string, readonly string[]];
  readonly reinstall: string;
  readonly remove: string;
  /** What takes away the programs, and what else it takes. */
  readonly removesAll: string;
}

const DPKG: Manager = {
  name: "dpkg",
  verify: ["/usr/bin/dpkg", ["--verify", "afkill"]],
  reinstall: "apt install --reinstall afkill",
  remove: "apt remove afkill",
  removesAll: "apt purge afkill removes it, the policy and the audit",
};

const RPM: Manager = {
  name: "rpm",
  // Whoever touches a file has not changed it.
  verify: ["/usr/bin/rpm", ["--verify", "--nodeps", "--nomtime", "afkill"]],
  reinstall: "dnf reinstall afkill (SUSE: zypper install --force afkill)",
  remove: "dnf remove afkill (SUSE: zypper remove afkill)",
  removesAll: "dnf remove afkill or zypper remove afkill removes it",
};

/** The package manager of this host's package. Only the RPM has its programs in libexec. */
export function manager(programs: string = PROGRAM_DIRECTORY): Manager {
  return programs.startsWith("/usr/libexec/") ? RPM : DPKG;
}

/** A file that is not as its package has it. */
export interface ChangedFile {
  readonly path: string;
  readonly isMissing: boolean;
}

/**
 * What `dpkg --verify` and `rpm --verify` have printed: `??5??????   PATH`, `S.5......  c PATH` or `missing     PATH`. Before the path is the
 * kind of the file: `c`, `d` and `g` are configuration, documentation and what a package does not bring, which may be changed or left
 * out. They are no programs. `undefined` if no line is of that form.
 */
export function changedFiles(stdout: string): ChangedFile[] | undefined {
  const lines = [...stdout.matchAll(/^(missing|[A-Z0-9.?]{9,}) +(?:([a-z]) +)?(\/.*)$/gm)];
  if (lines.length === 0) return undefined;
  return lines
    .filter(([, , kind]) => kind === undefined)
    .map(([, what, , path = ""]) => ({ path, isMissing: what === "missing" }));
}
