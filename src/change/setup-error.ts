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

/** The errno(3) name of a failed system call, such as `ENOENT`; `undefined` for any other error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
