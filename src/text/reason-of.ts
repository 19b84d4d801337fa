/** The message of an error. A failed system call has no prefix: `EROFS: read-only file system, open '/usr/lib/afkill/x'`. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
