// The RPM, on a bare Debian with rpm. Debian's own packages are not in rpm's database, so nothing that it requires is asked for.
import { execFile, execFileSync } from "node:child_process";
import { globSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { test } from "vitest";
import { checkout } from "../lab/boot.ts";
import { expectWarnedAndEnded, HOST, onFresh } from "../support/fresh.ts";

const machine = { amd64: "x86_64", arm64: "aarch64" }[
  execFileSync("dpkg", ["--print-architecture"], { encoding: "utf8" }).trim()
];
const PROGRAMS = "/usr/libexec/afkill";
/** What the doctor says of the programs; it finds much on such a host. */
const DOCTOR = "(afkill doctor || :) | grep -A 1 '^[a-z]* *programs '";

test("an idle login is warned and ended, the doctor asks rpm, and what is removed leaves nothing", async ({
  signal,
}) => {
  for (const old of globSync(join(checkout, "build/*.rpm"))) rmSync(old);
  await promisify(execFile)(join(checkout, "scripts/package"), ["--rpm"], { maxBuffer: 1 << 26 });
  const lines = [
    ...HOST,
    "apt-get -qq install --no-install-recommends rpm libatomic1",
    // Debian's rpm has its database in a home.
    "mkdir -p /etc/rpm && echo '%_dbpath /var/lib/rpm' >/etc/rpm/macros",
    "cp /etc/pam.d/sshd /tmp/sshd.pam",
    `rpm --install --nodeps /brought/afkill-*.${machine}.rpm`,
    "cmp /etc/pam.d/sshd /tmp/sshd.pam",
    `[ "$(stat -c '%a %U %G' ${PROGRAMS}/env)" = '2710 root afkill' ]`,
    "afkill install --hook pam",
    "test/fresh/idle-login.sh",
    `${DOCTOR} | grep '^ok '`,
    `touch ${PROGRAMS}/session && ${DOCTOR} | grep '^ok '`,
    `echo >>${PROGRAMS}/hold && ${DOCTOR} | grep -A 1 '${PROGRAMS}/hold is not as it was installed' | grep 'dnf reinstall afkill'`,
    `rm ${PROGRAMS}/hold && ${DOCTOR} | grep '${PROGRAMS}/hold is missing'`,
    `if afkill install --node ${PROGRAMS}/node 2>/tmp/said; then exit 1; fi; grep 'rpm has no way to keep another one' /tmp/said`,
    `mv /var/lib/rpm /var/lib/rpm.old && ${DOCTOR} | grep 'rpm does not say .*package afkill is not installed'`,
    "rm -rf /var/lib/rpm && mv /var/lib/rpm.old /var/lib/rpm",
    "rpm --erase afkill",
    "cmp /etc/pam.d/sshd /tmp/sshd.pam",
    `[ ! -e ${PROGRAMS} ] && [ ! -e /usr/bin/afkill ] && [ ! -e /etc/afkill/afkill.toml ]`,
    "[ -e /etc/afkill/afkill.toml.rpmsave ] && [ -e /var/log/afkill/audit.jsonl ]",
    "if getent group afkill; then exit 1; fi",
  ];
  const folder = join(checkout, "build");
  expectWarnedAndEnded(await onFresh({ release: "bookworm", lines, folder, signal }));
});
