/**
 * Ends the process with a status once its output has gone out. It does not wait for V8's threads, which may be compiling, nor for Node to
 * free its heap: the kernel does that faster.
 */
export function endAtOnce(status: number): void {
  process.exitCode = status;
  if (process.stdout.writableLength === 0 && process.stderr.writableLength === 0) process.exit();
  // The output is a pipe with a slow reader.
  process.once("beforeExit", () => process.exit());
}
