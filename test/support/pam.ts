// A PAM of a test's own: its service, its modules' rules and its one user, in a mount namespace of each process that asks it.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const checkout = resolve(import.meta.dirname, "../..");

export const USER = "lockuser";
export const PASSWORD = "open sesame é";
/** Of `PASSWORD`: openssl passwd -6 -salt afkilltest. */
export const HASH =
  "$6$afkilltest$kHh3uKH5J1uog7F85l6Q9psPsXbuLesl1G.DYmrM3PFbDt7Xa/Y1AlCqCAS3EKO4wokGRZgBgEGonJ064nKX90";

/** Compiles the module of test/support/pam-code.c. Returns its path. */
export function makeModule(): string {
  const path = join(mkdtempSync(join(tmpdir(), "afkill-pam-")), "pam_code.so");
  const source = join(import.meta.dirname, "pam-code.c");
  execFileSync("cc", ["-shared", "-fPIC", "-Wall", "-Werror", "-o", path, source, "-l:libpam.so.0"]);
  return path;
}

const INSIDE = `
  mount --bind "$1/pam.d" /etc/pam.d && mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/shadow" /etc/shadow || exit
  shift
  exec "$@"`;

/** The command that asks this PAM, for `converse`. `rules`: the lines of /etc/pam.d/afkill; `field`: what follows the user in /etc/shadow. */
export function pamOfOurOwn(rules: readonly string[], field = `${HASH}:19000:0:99999:7:::`): string[] {
  return onHostWith(rules, field, [process.execPath, "--no-warnings", join(checkout, "src/ask-pam.ts")]);
}

/** A command in a namespace of its own with this PAM. */
export function onHostWith(rules: readonly string[], field: string, command: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "afkill-pam-"));
  const service = join(folder, "pam.d");
  mkdirSync(service);
  writeFileSync(join(service, "afkill"), rules.map((rule) => `${rule}\n`).join(""));
  writeFileSync(join(service, "other"), "auth required pam_deny.so\naccount required pam_deny.so\n");
  writeFileSync(join(folder, "passwd"), `root:x:0:0::/root:/bin/sh\n${USER}:x:12345:12345::/:/bin/sh\n`);
  writeFileSync(join(folder, "shadow"), `root:*:19000:::::\n${USER}:${field}\n`, { mode: 0o600 });
  return ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", INSIDE, "sh", folder, ...command];
}
