/** Why an install or uninstall stops: what was wrong, and what to do about it. The command prints it as one line. */
export class SetupError extends Error {
  readonly wrong: string;
  readonly todo: string;
  constructor(wrong: string, todo: string) {
    super(`${wrong}; ${todo}`);
    this.name = "SetupError";
    this.wrong = wrong;
    this.todo = todo;
  }
}

/** What a failed system call said, without Node's prefix: `EROFS: read-only file system, open '/usr/lib/afkill/x'`. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The name of the errno(3) that a system call failed with, if it was one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
