// What afkill writes, or has a program draw again, is no sign of its user: it must not look like output to the next look.
import { fstatSync } from "node:fs";
import { setModifiedTime } from "../system/libc.ts";

/**
 * Notes when a terminal last had output; what is returned puts that time back, and does not throw. Only root and the terminal's own
 * user may. Where it fails, what was written counts as output, which ends nobody.
 */
export function keepOutputTime(fd: number): () => void {
  const { mtimeNs } = fstatSync(fd, { bigint: true });
  return () => {
    try {
      setModifiedTime(fd, mtimeNs);
    } catch {
      // Not allowed to, or the terminal is gone.
    }
  };
}
