// sshd's PAM service: pam_exec starts the watchdog, as root, at every login.
import { existsSync, globSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "../change/content.ts";
import { mountOf } from "../change/mount.ts";
import { SetupError } from "../change/setup-error.ts";
import { settings } from "../sshd/sshd.ts";
import { run, said } from "../system/command.ts";
import { PAM_DIRECTORY, PROGRAM_DIRECTORY } from "../system/paths.ts";
import { reasonOf } from "../text/reason-of.ts";
import type { HookPlan } from "./hook.ts";
import { insertRule, PamSyntaxError, parsePam, removeRule } from "./pam-file.ts";

const MEND = "correct it and run this again";
const OTHER_HOOKS = "use --hook force-command or --hook profile instead";

/** Throws a `SetupError` if sshd does not use PAM on this host, or if the PAM files cannot be read with certainty. */
export function planPam(): HookPlan {
  const path = serviceFile();
  mustHavePamExec();
  mustHonourSetgid();
  const text = textOf(path);
  const after = understood(path, () => insertRule(text, (name) => includedBy(path, name)));
  const { mode, uid, gid } = statSync(path);
  return {
    changes: [
      {
        path,
        wanted: {
          ...{ kind: "file", mode: mode & 0o7777, uid, gid },
          content: Buffer.from(after, "latin1"),
          madeFrom: digestOf(Buffer.from(text, "latin1")),
        },
      },
    ],
    verify: () => {
      understood(path, () => parsePam(textOf(path)));
      mustRun();
    },
    notes: [],
  };
}

/** The text of a service file without afkill's rule. Throws a `SetupError` if it cannot be read with certainty. */
export function withoutRule(path: string): string {
  return understood(path, () => removeRule(textOf(path)));
}

/** One character per byte: comments may be in any character set. */
function textOf(path: string): string {
  return readFileSync(path, "latin1");
}

function includedBy(path: string, name: string): string {
  try {
    return textOf(join(PAM_DIRECTORY, name));
  } catch (error) {
    throw new SetupError(`${path} includes ${name}, which cannot be read: ${reasonOf(error)}`, MEND);
  }
}

/** The file of sshd's PAM service. If it is a symbolic link, its real name. */
export function serviceFile(): string {
  const set = settings();
  if (set.get("usepam") !== "yes")
    throw new SetupError("sshd does not use PAM (UsePAM no)", `set UsePAM yes, or ${OTHER_HOOKS}`);
  const path = join(PAM_DIRECTORY, set.get("pamservicename") ?? "sshd");
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

/** The copy of env is set-group-ID, so that the loader drops a user's LD_PRELOAD. A mount with nosuid ignores that bit (mount(8)). */
function mustHonourSetgid(): void {
  const { point, options } = mountOf(PROGRAM_DIRECTORY, readFileSync("/proc/self/mountinfo", "utf8"));
  const bad = options.find((option) => option === "nosuid" || option === "noexec");
  if (bad !== undefined)
    throw new SetupError(
      `${PROGRAM_DIRECTORY} is on ${point}, which is mounted ${bad}: a user's LD_PRELOAD would reach a program that runs as root`,
      `mount ${point} without ${bad}, or ${OTHER_HOOKS}`,
    );
}

/** Starts the programs in the same way as pam_exec. */
function mustRun(): void {
  const ran = run(join(PROGRAM_DIRECTORY, "env"), ["-i", join(PROGRAM_DIRECTORY, "node"), "--version"]);
  if (ran.status !== 0) throw new Error(`${PROGRAM_DIRECTORY}/node does not run on this host: ${said(ran)}`);
}

function understood<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PamSyntaxError)
      throw new SetupError(`${path}:${error.line} cannot be understood: ${error.message}`, MEND);
    throw error;
  }
}
