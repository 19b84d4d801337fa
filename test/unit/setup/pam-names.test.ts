// Which PAM stacks may be run under the name of another service.
import { expect, test } from "vitest";
import { nameReader } from "../../../src/setup/pam-names.ts";
import { rulesOf } from "../../../src/setup/pam-stack.ts";

const TYPES = ["auth", "account", "password", "session"];
const fail = (name: string) => {
  throw new Error(`ENOENT: ${name}`);
};
const readerIn = (text: string) =>
  nameReader(TYPES.flatMap((type) => rulesOf(type, { file: "/etc/pam.d/sshd", text }, fail)));

/** The rules of Debian 13's sshd, with those that it includes. */
const DEBIAN = `\
auth	[success=1 default=ignore]	pam_unix.so nullok
auth	requisite			pam_deny.so
auth	required			pam_permit.so
auth	optional			pam_cap.so
account    required     pam_nologin.so
account	[success=1 new_authtok_reqd=done default=ignore]	pam_unix.so
session [success=ok ignore=ignore module_unknown=ignore default=bad]        pam_selinux.so close
session    required     pam_loginuid.so
session    optional     pam_keyinit.so force revoke
session optional			pam_umask.so
session	optional	pam_systemd.so
session    optional     pam_motd.so  motd=/run/motd.dynamic
session    optional     pam_mail.so standard noenv # [1]
session    required     pam_limits.so
session    required     pam_env.so envfile=/etc/default/locale
password	[success=1 default=ignore]	pam_unix.so obscure yescrypt
`;

test("those of Debian may", () => expect(readerIn(DEBIAN)).toBeUndefined());

test.each([
  ["auth sufficient pam_sss.so forward_pass", "pam_sss"],
  ["-account [default=bad success=ok] pam_sss.so", "pam_sss"],
  ["auth sufficient /lib/security/pam_winbind.so", "pam_winbind"],
  ["account required pam_access", "pam_access"],
  ["session [success=1 default=ignore] pam_succeed_if.so service in crond quiet", "pam_succeed_if"],
  ["auth required pam_listfile.so item=user file=/etc/x", "pam_listfile"],
  ["account required pam_time.so", "pam_time"],
  ["auth optional pam_group.so", "pam_group"],
  ["session optional pam_exec.so /usr/local/bin/x", "pam_exec"],
  ["password required pam_of_nobody_knows.so", "pam_of_nobody_knows"],
  ["session optional pam_wtmpdb.so skip_if=sshd", "pam_wtmpdb"],
  ["session optional pam_lastlog2.so silent_if=gdm,sshd,login", "pam_lastlog2"],
  ["session optional pam_unix.so [sshd]", "pam_unix"],
])("%s may not", (rule, module) => {
  expect(readerIn(`${DEBIAN}${rule}\n`)).toBe(`/etc/pam.d/sshd:${DEBIAN.split("\n").length}: ${module}`);
});

test.each([
  "session optional pam_wtmpdb.so",
  "session optional pam_lastlog2.so silent_if=gdm,gdm-password",
  "session required pam_limits.so conf=/etc/ssh/sshd/limits",
  "session optional pam_motd.so motd=/etc/sshd-motd",
])("%s may", (rule) => expect(readerIn(`${DEBIAN}${rule}\n`)).toBeUndefined());
