// Follows a file that grows.
import { closeSync, openSync, readSync } from "node:fs";
import { dirname } from "node:path";
import { watch } from "chokidar";

/** Calls `onLine` for each complete line that is in the file or is added. Returns a function that stops it. */
export function follow(path: string, onLine: (line: string) => void): () => Promise<void> {
  let position = 0;
  let rest = "";
  const read = () => {
    let file: number;
    try {
      file = openSync(path, "r");
    } catch {
      // The lab is gone already; the event of a change in it came late.
      return;
    }
    const buffer = Buffer.alloc(65_536);
    for (let length = 1; length > 0; position += length) {
      length = readSync(file, buffer, 0, buffer.length, position);
      const lines = (rest + buffer.toString("utf8", 0, length)).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach(onLine);
    }
    closeSync(file);
  };
  // The path leads through /proc/PID/root. Resolved, it would be the same path outside the lab.
  const watcher = watch(dirname(path), { followSymlinks: false, depth: 0 });
  watcher.on("all", (_, changed) => {
    if (changed === path) read();
  });
  return () => watcher.close();
}
