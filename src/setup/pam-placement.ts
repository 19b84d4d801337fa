// Where afkill's PAM line goes: into a service of afkill's own, which survives upgrades of openssh-server, or into sshd's service.
import { existsSync, globSync } from "node:fs";
import { readHostConfig } from "../sshd/host-config.ts";
import { complaint, settings } from "../sshd/sshd.ts";
import { type Directive, includesDropIn } from "../sshd/sshd-config.ts";
import { OWN_SERVICE, PAM_DIRECTORY, PAM_DROP_IN } from "../system/paths.ts";
import { reasonOf } from "../text/reason-of.ts";
import { parsePam, removeRule } from "./pam-file.ts";
import { nameReader } from "./pam-names.ts";
import { settingsWithPam, textOf } from "./pam-service.ts";
import { readService, rulesOf } from "./pam-stack.ts";
import { listeners, listenersWithPam, settingsOf } from "./sshd-processes.ts";

export interface Placement {
  /** The PAM service that sshd uses apart from afkill. */
  readonly service: string;
  /** Why afkill has no service of its own here; `undefined` if it may have one. */
  readonly why: string | undefined;
}

/** The service that every sshd of OpenSSH 9.8 and later uses by default. */
const DEFAULT_SERVICE = "sshd";

/** Chooses the place. In doubt it is sshd's own service: a module that does not know the name of ours could refuse everybody. */
export function choosePlacement(): Placement {
  const set = settingsWithPam();
  // Older sshds name no service; theirs is the name that sshd is called by.
  if (complaint([`PAMServiceName=${DEFAULT_SERVICE}`]) !== undefined)
    return {
      service: set.get("pamservicename") ?? DEFAULT_SERVICE,
      why: "this OpenSSH has no PAMServiceName (9.8 and later have it)",
    };
  try {
    const directives = readHostConfig();
    const others = otherNames(directives);
    const named = others.find(({ block }) => block === 0)?.args[0];
    return { service: named ?? DEFAULT_SERVICE, why: whyNot(directives, others) };
  } catch (error) {
    return { service: set.get("pamservicename") ?? DEFAULT_SERVICE, why: reasonOf(error) };
  }
}

/** Every PAMServiceName but ours. In a Match block it would win over ours. */
function otherNames(directives: readonly Directive[]): Directive[] {
  return directives.filter(({ keyword, file }) => keyword === "pamservicename" && file !== PAM_DROP_IN);
}

function whyNot(directives: readonly Directive[], [other]: readonly Directive[]): string | undefined {
  if (other !== undefined) return `${other.file}:${other.line} sets PAMServiceName`;
  if (!includesDropIn(directives, PAM_DROP_IN)) return `sshd_config does not include ${PAM_DROP_IN}`;
  return whyNotByName() ?? whyNotByFiles() ?? whyNotByListeners();
}

/** Why the rules of sshd's service may not be run under another name; `undefined` if they may. */
export function whyNotByName(): string | undefined {
  const file = `${PAM_DIRECTORY}/${DEFAULT_SERVICE}`;
  const text = removeRule(textOf(file));
  // Only Debian's libpam knows @include. Where sshd's own service has one, it works.
  if (!parsePam(text).some(({ type }) => type === "@include")) return `${file} has no @include`;
  const types = ["auth", "account", "password", "session"];
  const reader = nameReader(types.flatMap((type) => rulesOf(type, { file, text }, readService)));
  return reader && `${reader} may decide by the name of the PAM service`;
}

/** Files that hold rules for services by name: of getseuser(3), which pam_selinux asks, and of SSSD. */
function whyNotByFiles(): string | undefined {
  const [found] = globSync([
    "/etc/selinux/*/logins/*",
    "/etc/sssd/sssd.conf",
    "/etc/sssd/conf.d/*.conf",
  ]).sort();
  return found && `${found} may have rules for PAM services by name`;
}

/** Every sshd here must use the service. One with a configuration of its own would lose the line in sshd's service. */
function whyNotByListeners(): string | undefined {
  const mine = listenerPid();
  const other = listenersWithPam().find(
    (it) => it.pid !== mine && settingsOf(it).get("pamservicename") !== OWN_SERVICE,
  );
  if (other === undefined) return undefined;
  const options = other.options.length === 0 ? "" : ` (${other.options.join(" ")})`;
  return `sshd ${other.pid}${options} may not read ${PAM_DROP_IN}`;
}

/** The sshd that a reload reaches: that of the pid file, without a configuration of its own. */
function listenerPid(): number | undefined {
  const path = settings().get("pidfile") ?? "";
  const pid = path.startsWith("/") && existsSync(path) ? Number(textOf(path)) : undefined;
  return listeners().find((it) => it.pid === pid && it.options.length === 0)?.pid;
}
