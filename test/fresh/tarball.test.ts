// The tarball, on a machine fresh from Debian's installer, as on a distribution that none of the packages is for.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { test } from "vitest";
import { checkout } from "../lab/boot.ts";
import { expectWarnedAndEnded, HOST, onFresh } from "../support/fresh.ts";

test("after its install.sh an idle login is warned and ended, and its uninstall takes everything away", async ({
  signal,
}) => {
  await promisify(execFile)(join(checkout, "scripts/package"), ["--tarball"], { maxBuffer: 1 << 26 });
  const lines = [
    ...HOST,
    "apt-get -qq install --no-install-recommends xz-utils libatomic1",
    "cp /etc/pam.d/sshd /tmp/sshd.pam",
    "tar -xf /brought/afkill-*-linux-*.tar.xz -C /opt",
    "/opt/afkill-*/install.sh --hook pam",
    "rm -r /opt/afkill-*",
    "test/fresh/idle-login.sh",
    "afkill uninstall --purge",
    "cmp /etc/pam.d/sshd /tmp/sshd.pam",
    "[ ! -e /usr/lib/afkill ] && [ ! -e /usr/sbin/afkill ]",
  ];
  const folder = join(checkout, "build");
  expectWarnedAndEnded(await onFresh({ release: "bookworm", lines, folder, signal }));
});
