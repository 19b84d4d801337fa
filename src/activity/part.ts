/**
 * What counts as work of a process.
 * - `line`: its terminal reads whole lines, or it has no terminal. Everything counts.
 * - `shell`: it waits for such a job. Its CPU counts, and the CPU of the short commands of a loop.
 * - `screen`: its terminal waits for single keys, and it draws there. Its reads and writes of files count: a viewer uses CPU too.
 * - `helper`: it works for such a program and draws nothing. Everything counts, once two looks have seen it.
 * - `outer`: it opened a terminal inside its own and may record that one's output. Only its reads count.
 * - `idle`: nothing counts.
 */
export const PARTS = ["line", "shell", "screen", "helper", "outer", "idle"] as const;
export type Part = (typeof PARTS)[number];
