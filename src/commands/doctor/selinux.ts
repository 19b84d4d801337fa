// Whether SELinux lets afkill work. Nobody has tried afkill on a host that enforces it.
import { join } from "node:path";
import { AUDIT_DIRECTORY, PROGRAM_DIRECTORY, RUN_DIRECTORY } from "../../system/paths.ts";
import { type Check, type Problem, warning } from "./finding.ts";
import { AUDIT_LOG, hasSelinux, readSelinux, type SelinuxState } from "./selinux-state.ts";

/** The text of afkill's policy module. It is part of the build. */
const MODULE = join(PROGRAM_DIRECTORY, "dist/selinux/afkill.te");

export const selinux: Check = {
  id: "selinux",
  concerns: hasSelinux,
  fine: () => fineWith(readSelinux()),
  find: () => {
    const state = readSelinux();
    return state === undefined ? [] : problemsWith(state);
  },
};

/** What to say if nothing is wrong. */
export function fineWith(state: SelinuxState | undefined): string {
  const denials =
    state?.log === undefined
      ? `there is no /${AUDIT_LOG} to find denials in`
      : "it has denied afkill nothing";
  return `SELinux is ${state?.enforcing ? "enforcing, with the module afkill" : "permissive"}; ${denials}`;
}

/** What is wrong with this state. */
export function problemsWith({ enforcing, loadedMs, log = "" }: SelinuxState): Problem[] {
  // Whoever loads the module again after a change wants to know what is denied since then.
  const denials = denialsIn(log).filter(({ atMs }) => atMs >= (loadedMs ?? 0));
  const last = denials.at(-1);
  if (last !== undefined) {
    const count = denials.length === 1 ? "1 time" : `${denials.length} times`;
    return [
      warning(
        `SELinux ${enforcing ? "has denied" : "would deny"} something to afkill ${count}, last at ${new Date(last.atMs).toISOString()}: ${last.what}`,
        loadedMs === undefined
          ? `load the policy module ${MODULE}, as docs/package.md says`
          : `"ausearch -m AVC" shows all; add what is missing to ${MODULE} and load it again, and tell afkill's maintainers`,
      ),
    ];
  }
  if (!enforcing || loadedMs !== undefined) return [];
  return [
    warning(
      "SELinux is enforcing, and afkill has not been tried with that: it may deny the watchdogs their work, and no login is ended then",
      `on a test host: load the policy module ${MODULE}, as docs/package.md says, make SELinux permissive (setenforce 0), log in, and run afkill doctor again`,
    ),
  ];
}

/** One thing that was denied. */
export interface Denial {
  readonly atMs: number;
  readonly what: string;
}

/** As the kernel calls processes of afkill's programs: at most 15 bytes (TASK_COMM_LEN). Node gives itself the last name. */
const PROGRAMS = ["session", "watchdog", "hold", "env", "node", "node-MainThread"];
const DIRECTORIES = [PROGRAM_DIRECTORY, RUN_DIRECTORY, AUDIT_DIRECTORY];
/** A domain of sshd, which the hook begins in. Other programs have such names too: a watchdog(8) has a domain of its own. */
const OF_SSHD = /^[^:]*:[^:]*:sshd(_\w+)?_t(:|$)/;

/** What SELinux denied to afkill, from the text of an audit log, in its order. A line that is cut off or of another kind is passed over. */
export function denialsIn(log: string): Denial[] {
  return log.split("\n").flatMap((line): Denial[] => {
    const [, seconds, what = ""] =
      /^type=AVC msg=audit\((\d+\.\d+):\d+\): avc: +(denied .*?)(?:\x1d|$)/.exec(line) ?? [];
    if (seconds === undefined || !isOurs(what) || isHarmless(what)) return [];
    return [{ atMs: Math.round(Number(seconds) * 1000), what: what.replace(/ +/g, " ").trim() }];
  });
}

function isOurs(what: string): boolean {
  const path = field("path", what);
  if (DIRECTORIES.some((directory) => path === directory || path.startsWith(`${directory}/`))) return true;
  return PROGRAMS.includes(field("comm", what)) && OF_SSHD.test(field("scontext", what));
}

/** Node runs without memory that may be made executable: the check `node` tells of it. */
function isHarmless(what: string): boolean {
  return /^denied +\{ execmem \}/.test(what);
}

/** The value of a field. A text of a user's has quotes, or is in hexadecimal digits (auparse). */
function field(name: string, what: string): string {
  return new RegExp(`(?:^| )${name}="?([^" ]*)`).exec(what)?.[1] ?? "";
}
