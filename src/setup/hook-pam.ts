// sshd's PAM service: pam_exec starts the watchdog, as root, at every login.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Change } from "../change/change.ts";
import { digestOf } from "../change/content.ts";
import { mountOf } from "../change/mount.ts";
import { SetupError } from "../change/setup-error.ts";
import { carryOutAll } from "../change/transaction.ts";
import { isUnread } from "../sshd/status.ts";
import { run, said } from "../system/command.ts";
import { OWN_SERVICE_FILE, PAM_DIRECTORY, PAM_DROP_IN, PROGRAM_DIRECTORY } from "../system/paths.ts";
import { reasonOf } from "../text/reason-of.ts";
import type { HookPlan } from "./hook.ts";
import type { Manifest } from "./manifest.ts";
import {
  mustBeUnused,
  mustUseOwnService,
  planOwnService,
  planOwnServiceBack,
  takeOwnServiceBack,
  tellSshd,
} from "./own-service.ts";
import { insertRule, parsePam } from "./pam-file.ts";
import { choosePlacement } from "./pam-placement.ts";
import { CORRECT, fileOf, mustHavePamExec, OTHER_HOOKS, textOf, understood } from "./pam-service.ts";
import { pamFiles, planPamBack } from "./restore.ts";

/** Throws a `SetupError` if sshd does not use PAM on this host, or if the PAM files cannot be read with certainty. */
export function planPam(manifest: Manifest): HookPlan {
  const { service, why } = choosePlacement();
  const path = fileOf(service);
  mustHavePamExec();
  mustHonourSetgid();
  return why === undefined ? planService(manifest) : planLine(path, why, manifest);
}

/** afkill's own service; the line of an earlier install goes when sshd uses that service. */
function planService(manifest: Manifest): HookPlan {
  let told = false;
  const later = pamFiles(manifest).flatMap((path) => planPamBack(path, manifest));
  return {
    changes: planOwnService(),
    verify: () => {
      mustUseOwnService();
      mustRun();
    },
    activate: () => {
      told = true;
      return tellSshd();
    },
    isPending: isUnread(PAM_DROP_IN),
    beforeUndo: (path) => (told && path === OWN_SERVICE_FILE ? mustBeUnused() : undefined),
    later,
    ...(later.length > 0 && { finish: (report) => carryOutAll(later, () => undefined, report) }),
    notes: [`in the system log, PAM's lines now name the service afkill-sshd instead of sshd`],
  };
}

/** A line in the service that sshd has anyway; the service of an earlier install goes when the line is there. */
function planLine(path: string, why: string, manifest: Manifest): HookPlan {
  const text = textOf(path);
  const after = understood(path, () => insertRule(text, (name) => includedBy(path, name)));
  const { mode, uid, gid } = statSync(path);
  const line: Change = {
    path,
    wanted: {
      ...{ kind: "file", mode: mode & 0o7777, uid, gid },
      content: Buffer.from(after, "latin1"),
      madeFrom: digestOf(Buffer.from(text, "latin1")),
    },
  };
  const later = planOwnServiceBack(manifest);
  return {
    changes: [line],
    verify: () => {
      understood(path, () => parsePam(textOf(path)));
      mustRun();
    },
    later,
    ...(later.length > 0 && { finish: (report) => takeOwnServiceBack(later, report) }),
    notes: [
      `${why}: the line is in ${path}, which an upgrade of openssh-server can replace; "afkill install --repeat" puts it back`,
    ],
  };
}

function includedBy(path: string, name: string): string {
  try {
    return textOf(join(PAM_DIRECTORY, name));
  } catch (error) {
    throw new SetupError(`${path} includes ${name}, which cannot be read: ${reasonOf(error)}`, CORRECT);
  }
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
