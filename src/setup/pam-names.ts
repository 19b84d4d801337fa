// Which PAM modules look at the name of their service. Under another name they could refuse a login. Pure.
import type { PlacedRule } from "./pam-stack.ts";

/**
 * Modules that do not decide by the name of their service (PAM_SERVICE), as their sources show (Linux-PAM 1.7, libcap, systemd,
 * util-linux, wtmpdb). pam_unix, pam_faillock, pam_systemd, pam_lastlog2 and pam_wtmpdb record the name and do not act on it.
 * pam_selinux acts on it only where /etc/selinux/TYPE/logins has files (getseuser(3)). Others are left out on purpose, such as pam_sss
 * (HBAC and GPO rules), pam_winbind, pam_access, pam_time, pam_group, pam_listfile, pam_succeed_if and pam_exec.
 */
const UNAWARE: ReadonlySet<string> = new Set([
  ...["pam_cap", "pam_deny", "pam_env", "pam_faildelay", "pam_faillock", "pam_keyinit", "pam_lastlog"],
  ...["pam_lastlog2", "pam_limits", "pam_loginuid", "pam_mail", "pam_mkhomedir", "pam_motd", "pam_nologin"],
  ...[
    "pam_permit",
    "pam_pwhistory",
    "pam_selinux",
    "pam_shells",
    "pam_systemd",
    "pam_tty_audit",
    "pam_umask",
  ],
  ...["pam_unix", "pam_wtmpdb"],
]);

/** The first rule that may look at the name of its service, as `FILE:LINE: MODULE`; `undefined` if there is none. */
export function nameReader(rules: readonly PlacedRule[]): string | undefined {
  const found = rules.find(({ module, args }) => !UNAWARE.has(nameOf(module)) || args.some(namesSshd));
  return found && `${found.file}:${found.line}: ${nameOf(found.module)}`;
}

function nameOf(module: string): string {
  return module.replace(/^.*\//, "").replace(/\.so$/, "");
}

/** Such as `skip_if=sshd`. A path of sshd's configuration is none. */
function namesSshd(arg: string): boolean {
  return /(^|[^/\w])sshd($|[^\w/])/.test(arg);
}
