// The releases of Debian that labs and machines are made of, each with its OpenSSH.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { cleanEnvironment } from "./inside.ts";

export interface Release {
  readonly suite: "bookworm" | "trixie" | "sid";
  /** As a reader of test results knows it. */
  readonly name: string;
}

export const bookworm: Release = { suite: "bookworm", name: "OpenSSH 9.2 (Debian 12)" };
/** From OpenSSH 9.8 on the per-connection process is `sshd-session`. */
export const trixie: Release = { suite: "trixie", name: "OpenSSH 10.0 (Debian 13)" };
/** What comes next. It moves on: its tree has the OpenSSH of the day when it was made. From 10.5 on `sshd -T` prints mixed case. */
export const sid: Release = { suite: "sid", name: "OpenSSH 10.5+ (Debian unstable)" };
/** Those that people run: of these machines are made too, and crowds. */
export const stable: readonly Release[] = [bookworm, trixie];
export const releases: readonly Release[] = [...stable, sid];

/** Runs a recipe that makes something of a release, once, and prints its path. Making it takes a minute, and needs root. */
async function made(recipe: string, { suite }: Release): Promise<string> {
  const options = { env: cleanEnvironment, maxBuffer: 1 << 26 };
  const { stdout } = await promisify(execFile)(join(import.meta.dirname, recipe), [suite], options);
  return stdout.trim();
}

/** The directory that holds the files of a release. */
export function treeOf(release: Release): Promise<string> {
  return made("tree", release);
}

/** The image that a machine of this release starts from. */
export function imageOf(release: Release): Promise<string> {
  return made("machine/image", release);
}
