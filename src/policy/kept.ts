// The policy as an earlier check has parsed it. To parse and check it again takes longer than a look.
import { renameSync, rmSync } from "node:fs";
import { BUNDLE } from "../system/bundle.ts";
import { makeFile } from "../system/make-file.ts";
import { readOwn } from "../system/read-own.ts";
import { type PolicyFile, readPolicyFiles } from "./files.ts";
import type { Policy } from "./policy.ts";

/** What is kept: a policy, the texts that it was made of, and the program that has made it. */
interface Kept {
  readonly writtenBy: string | undefined;
  readonly files: readonly PolicyFile[];
  readonly policy: Policy;
}

/** As many bytes as the files of a policy, many times. */
const MOST_BYTES = 8 << 20;

/**
 * Loads a policy as `loadPolicy` does; throws as that does. The files are read each time, and may be refused. If they say what they said
 * before, word for word, and the same program parsed them, the policy is taken from the file `keptAt`, which only this user can write.
 */
export async function loadKeptPolicy(path: string, keptAt: string): Promise<Policy> {
  const files = readPolicyFiles(path);
  const kept = BUNDLE === undefined ? undefined : readKept(keptAt);
  if (kept && areSame(kept.files, files)) return kept.policy;
  const { policyIn } = await import("./load.ts");
  const policy = await policyIn(files);
  if (BUNDLE !== undefined) keep({ writtenBy: BUNDLE, files, policy }, keptAt);
  return policy;
}

/** Whether these are the same files with the same text. A file that was refused is never the same. */
function areSame(before: readonly PolicyFile[], now: readonly PolicyFile[]): boolean {
  return (
    before.length === now.length &&
    now.every((it, at) => {
      const other = before[at];
      return (
        other !== undefined &&
        "text" in it &&
        "text" in other &&
        it.text === other.text &&
        it.file === other.file
      );
    })
  );
}

/** What is kept; `undefined` if there is nothing, or it is not ours. */
function readKept(path: string): Kept | undefined {
  try {
    const text = readOwn(path, MOST_BYTES);
    if (text === undefined) return undefined;
    // JSON has no Infinity: `null` is written for it, and nothing else in a policy is null.
    const kept: Kept = JSON.parse(text, (_, value) => value ?? Number.POSITIVE_INFINITY);
    if (kept.writtenBy !== BUNDLE) return undefined;
    return kept.policy.rules ? kept : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a policy. A failure does no harm: the next check parses it again. */
function keep(kept: Kept, path: string): void {
  const temporary = `${path}.${process.pid}`;
  try {
    makeFile(temporary, JSON.stringify(kept), 0o600);
    renameSync(temporary, path);
  } catch {
    forget(temporary);
  }
}

/** Removes what a failed write has left. Never throws: a watchdog that can write nowhere has no directory either. */
function forget(temporary: string): void {
  try {
    rmSync(temporary, { force: true });
  } catch {
    // There is nothing.
  }
}
