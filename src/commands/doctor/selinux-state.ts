// What this host's SELinux says of itself and of afkill, from its files.
import { closeSync, constants, existsSync, fstatSync, globSync, openSync, readSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { codeOf } from "../../change/setup-error.ts";

export interface SelinuxState {
  readonly enforcing: boolean;
  /** When afkill's policy module was loaded, in ms since 1970; absent if it is not. */
  readonly loadedMs?: number;
  /** The end of the audit log; absent if this host has none. */
  readonly log?: string;
}

/** Where the kernel says whether it enforces: `1` or `0`. Absent without SELinux (selinux(8)). */
const ENFORCE = "sys/fs/selinux/enforce";
/** A module has a directory below its priority. `disabled/NAME` is a file that switches it off (libsemanage, semanage_store.c). */
const MODULES = "var/lib/selinux/*/active/modules/[0-9]*/afkill";
export const AUDIT_LOG = "var/log/audit/audit.log";
/** auditd begins a new file at 8 MB, if nobody has changed that (max_log_file of auditd.conf(5)). */
const LOG_BYTES = 8 * 1024 * 1024;

/** Whether this host has SELinux switched on. */
export function hasSelinux(): boolean {
  return existsSync(join("/", ENFORCE));
}

/** Reads the state of the host whose files are below `root`; `undefined` without SELinux. */
export function readSelinux(root = "/"): SelinuxState | undefined {
  const enforce = endOf(join(root, ENFORCE), 16);
  if (enforce === undefined) return undefined;
  const log = endOf(join(root, AUDIT_LOG), LOG_BYTES);
  const loaded = globSync(MODULES, { cwd: root })
    .map((path) => join(root, path))
    .filter((path) => !isDisabled(path))
    .map((path) => statSync(path).mtimeMs);
  return {
    enforcing: enforce.startsWith("1"),
    ...(loaded.length > 0 && { loadedMs: Math.max(...loaded) }),
    ...(log !== undefined && { log }),
  };
}

function isDisabled(module: string): boolean {
  const modules = dirname(dirname(module));
  return statSync(join(modules, "disabled", basename(module)), { throwIfNoEntry: false }) !== undefined;
}

/** The last bytes of a regular file, at most `most`; `undefined` if there is no such file. */
function endOf(path: string, most: number): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (thrown) {
    if (["ENOENT", "ENOTDIR", "ELOOP"].includes(codeOf(thrown) ?? "")) return undefined;
    throw thrown;
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) return undefined;
    const bytes = Buffer.alloc(most);
    // A file of the kernel has no size.
    return bytes.toString("latin1", 0, readSync(fd, bytes, 0, most, Math.max(0, stats.size - most)));
  } finally {
    closeSync(fd);
  }
}
