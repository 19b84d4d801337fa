// What somebody asked for: that a terminal locks at once. A user asks with a symbolic link in /tmp, because a watchdog can look at that
// without a fork, and whoever reads it opens and follows nothing. Root asks with a file in the login's state directory.
import { lstatSync, readlinkSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import * as v from "valibot";
import { writeNew } from "../change/write-new.ts";
import { directoryNameOf, type Login } from "../login/login.ts";
import { readRoots } from "../system/read-roots.ts";
import type { LockCause } from "./record.ts";
import { wakeWatchdog } from "./wake.ts";

/** `terminal`: its id; `null` for all terminals of the login. `by`: the administrator who asked; empty for the user. */
export interface Ask {
  readonly terminal: string | null;
  readonly cause: Exclude<LockCause, "idle">;
  readonly by: string;
}

const MOST_BYTES = 64 << 10;
const TERMINAL = /^pts\/\d{1,7}$/;

const schema = v.object({
  version: v.literal(1),
  by: v.string(),
  terminals: v.nullable(v.array(v.pipe(v.string(), v.regex(TERMINAL)))),
});
type AskFile = v.InferOutput<typeof schema>;

/** The link with which the user of a login asks. `pam/watchdog` looks for the same. */
export function askLink(login: Pick<Login, "privileged" | "server">, directory = "/tmp"): string {
  return `${directory}/afkill-lock.${directoryNameOf(login)}`;
}

/** The file with which root asks. */
export function askFile(stateDirectory: string): string {
  return `${stateDirectory}/ask-lock`;
}

/** Reads what was asked for a login, and removes it. What is not its user's or root's asks for nothing. Never throws. */
export function takeAsks(login: Login, stateDirectory: string, directory?: string): readonly Ask[] {
  return [...askOfUser(login, askLink(login, directory)), ...asksOfRoot(askFile(stateDirectory))];
}

function askOfUser({ uid }: Login, link: string): Ask[] {
  try {
    const status = lstatSync(link);
    if (!status.isSymbolicLink()) return [];
    const terminal = readlinkSync(link);
    // Another user's would be in the way of ours.
    unlinkSync(link);
    return status.uid === uid && TERMINAL.test(terminal) ? [{ terminal, cause: "user", by: "" }] : [];
  } catch {
    return [];
  }
}

function asksOfRoot(path: string): Ask[] {
  const text = readRoots(path, MOST_BYTES);
  if (text === undefined) return [];
  rmSync(path, { force: true });
  const { by, terminals } = parseAsk(text) ?? { by: "", terminals: [] };
  return (terminals ?? [null]).map((terminal) => ({ terminal, cause: "administrator", by }));
}

/** Reads the text of root's file; `undefined` if it has another form. */
function parseAsk(text: string): AskFile | undefined {
  try {
    return v.parse(schema, JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * Asks root's watchdog, as the user of a login, to lock a terminal of it. The watchdog sees that within a slice of its sleep: a user may not
 * wake it. Throws if something of another user is in the way.
 */
export function askAsUser(login: Login, terminal: string, directory?: string): void {
  const link = askLink(login, directory);
  if (hasOwn(link)) unlinkSync(link);
  try {
    symlinkSync(terminal, link);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new Error(
      `${link} belongs to another user, so you cannot ask for a lock; tell your administrator, who can lock it with: sudo afkill lock ${terminal}`,
      { cause: error },
    );
  }
}

/** Takes back what `askAsUser` asked for, if nobody has seen it yet. Returns whether that was so. */
export function takeBackAsk(login: Login, directory?: string): boolean {
  const link = askLink(login, directory);
  if (!hasOwn(link)) return false;
  rmSync(link, { force: true });
  return true;
}

/** Whether the ask of this user still waits for the watchdog. */
export function isAskPending(login: Login, directory?: string): boolean {
  return hasOwn(askLink(login, directory));
}

function hasOwn(link: string): boolean {
  const status = lstatSync(link, { throwIfNoEntry: false });
  return status?.isSymbolicLink() === true && status.uid === process.geteuid?.();
}

/**
 * Asks root's watchdog of a login, as root, to lock terminals of it; `null` for all. `by`: who asks. Returns false if no watchdog was woken:
 * there is none, or it is of an afkill that knows no lock. Then nothing is asked. Throws if the file cannot be written.
 */
export function askAsRoot(
  login: Login,
  stateDirectory: string,
  { by, terminals }: Omit<AskFile, "version">,
): boolean {
  const path = askFile(stateDirectory);
  writeNew(path, `${JSON.stringify({ version: 1, by, terminals } satisfies AskFile)}\n`, true, 0o600);
  if (wakeWatchdog(login)) return true;
  rmSync(path, { force: true });
  return false;
}
