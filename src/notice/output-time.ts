// What afkill writes, or makes a program draw again, is no sign of the user. The next look must not take it for output.
import { fstatSync } from "node:fs";
import { setModifiedTime } from "../system/libc.ts";

/**
 * Notes the time of a terminal's last output. Returns a function that restores this time, and that does not throw. Only root and the
 * terminal's own user may. If it fails, what was written counts as output, which ends nobody.
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
