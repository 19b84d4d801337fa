// All checks, one after the other.
import { reasonOf } from "../../text/reason-of.ts";
import { type Ages, age, agesOf } from "./age.ts";
import { authEnvironment } from "./auth-environment.ts";
import { type Check, error, type Finding, type Level, type Problem } from "./finding.ts";
import { forcedKeys } from "./forced-keys.ts";
import { groups } from "./groups.ts";
import { findInstallation, type Installation } from "./installation.ts";
import { launcher, launcherMount } from "./launcher.ts";
import { lockService } from "./lock-service.ts";
import { audit, syslog } from "./logs.ts";
import { owners } from "./owners.ts";
import { pamPlace, pamPlacement } from "./pam-placement.ts";
import { pamRule } from "./pam-rule.ts";
import { connections, policy } from "./policy.ts";
import { policyNames } from "./policy-names.ts";
import { node, programs, tools } from "./programs.ts";
import { rivals } from "./rivals.ts";
import { selinux } from "./selinux.ts";
import { unguarded } from "./unguarded.ts";
import { forceCommand, hidepid, profile } from "./user-hooks.ts";
import { watchdogs } from "./watchdogs.ts";

const CHECKS: readonly Check[] = [
  pamRule,
  pamPlacement,
  authEnvironment,
  launcher,
  launcherMount,
  forceCommand,
  forcedKeys,
  profile,
  hidepid,
  watchdogs,
  unguarded,
  rivals,
  owners,
  programs,
  node,
  age,
  policy,
  policyNames,
  groups,
  lockService,
  connections,
  tools,
  selinux,
  syslog,
  audit,
];

/** Makes every check that concerns this installation. Needs root. */
export async function examine(): Promise<Finding[]> {
  const installation = findInstallation();
  if (installation === undefined) return [absent("afkill is not installed: no login is guarded")];
  const findings: Finding[] = [hookFinding(installation)];
  for (const check of CHECKS)
    if (check.concerns?.(installation) ?? true) findings.push(...(await findingsOf(check, installation)));
  return findings;
}

/** The ages of what is installed; `undefined` if nothing is, or if it does not tell them, which is a finding then. */
export function installedAges(): Ages | undefined {
  const installation = findInstallation();
  try {
    return installation && agesOf(installation);
  } catch {
    return undefined;
  }
}

/** The worst level of all findings. */
export function stateOf(findings: readonly Finding[]): Level {
  const levels: readonly Level[] = ["error", "warning"];
  return levels.find((level) => findings.some((finding) => finding.level === level)) ?? "ok";
}

function hookFinding({ hooks }: Installation): Finding {
  if (hooks.length === 0) return absent("the programs are installed, but no hook is: no login is guarded");
  const names = hooks.map((hook) => (hook === "pam" ? `pam (${pamPlace()})` : hook));
  return { id: "hook", level: "ok", what: `installed with hook ${names.join(", ")}` };
}

function absent(what: string): Finding {
  return { id: "hook", level: "error", what, remedy: "sudo afkill install --hook pam" };
}

async function findingsOf({ id, fine, find }: Check, installation: Installation): Promise<Finding[]> {
  const problems = await found(find, installation);
  return problems.length === 0
    ? [{ id, level: "ok", what: typeof fine === "string" ? fine : fine(installation) }]
    : problems.map((problem) => ({ id, ...problem }));
}

/** A check that cannot be made is a finding too. It must not stop the other checks. */
async function found(find: Check["find"], installation: Installation): Promise<readonly Problem[]> {
  try {
    return await find(installation);
  } catch (thrown) {
    return [
      error(`this could not be examined: ${reasonOf(thrown)}`, "correct that and run afkill doctor again"),
    ];
  }
}
