// What runs inside a lab, read from the lab's own /proc.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** One process of a lab; pids are those that the lab sees. */
export interface LabProcess {
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  /** The name of its real user, or the number where the lab has no such user. */
  readonly user: string;
  /** `Z` is a zombie (proc_pid_stat(5)). */
  readonly state: string;
  readonly comm: string;
  readonly cmdline: readonly string[];
  /** The program file that it runs; empty for a zombie. */
  readonly exe: string;
}

/** Whether a command line is the title of the privileged sshd of a user's login, as any OpenSSH writes it. */
export function isPrivilegedOf(user: string, cmdline: readonly string[]): boolean {
  const title = cmdline.join(" ");
  return title.includes(`: ${user} [priv]`) || title.includes(`: ${user} [postauth]`);
}

/** Every process of the lab whose root directory is `root`. Those that end meanwhile are left out. */
export function processesBelow(root: string): LabProcess[] {
  const users = new Map(
    readFileSync(`${root}/etc/passwd`, "utf8")
      .split("\n")
      .map((line) => line.split(":"))
      .map(([name, , uid]) => [Number(uid), name ?? ""]),
  );
  return readdirSync(`${root}/proc`)
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      const directory = `${root}/proc/${pid}`;
      try {
        const stat = readFileSync(`${directory}/stat`, "utf8");
        const [state = "", ppid = ""] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        const uid = Number(/^Uid:\t(\d+)/m.exec(readFileSync(`${directory}/status`, "utf8"))?.[1]);
        const cmdline = readFileSync(`${directory}/cmdline`, "utf8").split("\0").slice(0, -1);
        const comm = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
        const user = users.get(uid) ?? String(uid);
        const exe = state === "Z" ? "" : readlinkSync(`${directory}/exe`);
        return [{ pid: Number(pid), ppid: Number(ppid), uid, user, state, comm, cmdline, exe }];
      } catch (error) {
        if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
        throw error;
      }
    });
}
