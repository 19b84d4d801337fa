// sshd's PAM service on this host, and the text of service files.
import { existsSync, globSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { SetupError } from "../change/setup-error.ts";
import { settings } from "../sshd/sshd.ts";
import { PAM_DIRECTORY } from "../system/paths.ts";
import { PamSyntaxError, removeRule } from "./pam-file.ts";

/** What to do with a PAM file that cannot be used. */
export const CORRECT = "correct it and run this again";
/** What to do where PAM cannot be used. */
export const OTHER_HOOKS = "use --hook force-command or --hook profile instead";

/** The file of the PAM service that sshd uses now. If it is a symbolic link, its real name. Throws a `SetupError` if there is none. */
export function serviceFile(): string {
  return fileOf(settingsWithPam().get("pamservicename") ?? "sshd");
}

/** The settings of an sshd that uses PAM. Throws a `SetupError` if this sshd does not. */
export function settingsWithPam(): ReadonlyMap<string, string> {
  const set = settings();
  if (set.get("usepam") !== "yes")
    throw new SetupError("sshd does not use PAM (UsePAM no)", `set UsePAM yes, or ${OTHER_HOOKS}`);
  return set;
}

/** The real name of the file of a service. Throws a `SetupError` if there is none. */
export function fileOf(service: string): string {
  const path = join(PAM_DIRECTORY, service);
  if (!existsSync(path))
    throw new SetupError(`there is no ${path}: this host has no PAM for sshd`, OTHER_HOOKS);
  return realpathSync(path);
}

/** Throws a `SetupError` if no directory of PAM modules has pam_exec. */
export function mustHavePamExec(): void {
  const places = ["/lib*/security", "/lib/*/security", "/usr/lib*/security", "/usr/lib/*/security"];
  if (globSync(places.map((place) => `${place}/pam_exec.so`)).length === 0)
    throw new SetupError(
      "there is no pam_exec.so in any directory of PAM modules",
      `install the PAM modules, or ${OTHER_HOOKS}`,
    );
}

/** The text of a service file without afkill's rule. Throws a `SetupError` if it cannot be read with certainty. */
export function withoutRule(path: string): string {
  return understood(path, () => removeRule(textOf(path)));
}

/** Whether a service file has afkill's rule. Throws a `SetupError` if it cannot be read with certainty. */
export function hasRule(path: string): boolean {
  return withoutRule(path) !== textOf(path);
}

/** One character per byte: comments may be in any character set. */
export function textOf(path: string): string {
  return readFileSync(path, "latin1");
}

/** Reads a service file; throws a `SetupError` with the place of what cannot be understood. */
export function understood<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PamSyntaxError)
      throw new SetupError(`${path}:${error.line} cannot be understood: ${error.message}`, CORRECT);
    throw error;
  }
}
