import { basename } from "node:path";

/** The bundle of the build that this process runs: its name changes with its content. `undefined` for a program that runs from its source. */
export const BUNDLE: string | undefined = /^\w+-main-[0-9a-f]{8}\.cjs$/.exec(
  basename(import.meta.filename),
)?.[0];
