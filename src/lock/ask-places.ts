// Where somebody asks for a lock, and whether anybody has. A check looks there each time.
import { lstatSync } from "node:fs";
import { directoryNameOf, type Login } from "../login/login.ts";

/** The link with which the user of a login asks. `pam/watchdog` looks for the same. */
export function askLink(login: Pick<Login, "privileged" | "server">, directory = "/tmp"): string {
  return `${directory}/afkill-lock.${directoryNameOf(login)}`;
}

/** The file with which root asks. */
export function askFile(stateDirectory: string): string {
  return `${stateDirectory}/ask-lock`;
}

/** Whether something lies where a lock is asked for. It need not be a valid ask. */
export function isAsked(
  login: Pick<Login, "privileged" | "server">,
  stateDirectory: string,
  directory?: string,
): boolean {
  return [askLink(login, directory), askFile(stateDirectory)].some(
    (path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined,
  );
}
