/** What an error says; of a failed system call without a prefix: `EROFS: read-only file system, open '/usr/lib/afkill/x'`. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
