/** Where a path's file system is mounted, and how. */
export interface Mount {
  readonly point: string;
  readonly options: readonly string[];
}

/** The mount that holds an absolute path, from the text of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export function mountOf(path: string, mountinfo: string): Mount {
  let found: Mount = { point: "/", options: [] };
  for (const line of mountinfo.split("\n")) {
    const [, , , , escaped = "", options = ""] = line.split(" ");
    const point = escaped.replace(/\\([0-7]{3})/g, (_, octal) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const holds = point === "/" || path === point || path.startsWith(`${point}/`);
    // If several are mounted on one point, the last one counts: it covers the others.
    if (escaped !== "" && holds && point.length >= found.point.length)
      found = { point, options: options.split(",") };
  }
  return found;
}
