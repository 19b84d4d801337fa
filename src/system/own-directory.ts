import { makeDirectory } from "./make-file.ts";

/** Makes a directory of root's, unless it exists. Throws if what is there is not root's own. */
export function makeOwn(directory: string, mode: number): void {
  const what = `${directory} must be a directory of root's that nobody else can write to: remove it`;
  const status = directoryAt(directory, mode);
  if (status === undefined || status.uid !== 0 || (status.mode & 0o022) !== 0) throw new Error(what);
}

/** `undefined` if something else is there. */
function directoryAt(directory: string, mode: number) {
  try {
    return makeDirectory(directory, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTDIR" || code === "ELOOP") return undefined;
    throw error;
  }
}
