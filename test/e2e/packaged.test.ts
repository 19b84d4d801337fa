// Where the programs belong to a package, afkill changes the hooks alone. test/fresh/package.test.ts shows it with the package.
import { expect, test } from "vitest";
import { startLab } from "../lab/lab.ts";
import { afkill } from "../support/install.ts";

const MANIFEST = "/usr/lib/afkill/manifest.json";
/** Everything that a package brings, and the policy and the audit. */
const BROUGHT = `find /usr/lib/afkill /usr/sbin /usr/bin /usr/share /etc/afkill /etc/logrotate.d /var/log/afkill ! -path ${MANIFEST} \
  -printf '%p %y %m %U:%G %i\\n' 2>/dev/null | grep afkill | sort`;

test("an install places the hook alone, an uninstall takes hooks away alone, and another build is refused", async () => {
  await using lab = await startLab();
  const pam = await lab.read("/etc/pam.d/sshd");
  await lab.install("profile");
  await lab.must("touch /usr/lib/afkill/dist/packaged; rm /etc/logrotate.d/afkill");
  const brought = await lab.must(BROUGHT);

  expect(await afkill(lab, "install --hook pam")).toMatchObject({
    status: 1,
    stderr:
      "afkill: afkill is installed here from a package; use its own command, /usr/sbin/afkill install; or apt remove afkill, and run this again\n",
  });
  expect(await lab.must("/usr/sbin/afkill install --hook pam")).toBe(
    `change ${MANIFEST}\nchange /etc/pam.d/sshd\ninstalled: new logins get a watchdog from hook pam\n`,
  );
  const { files } = JSON.parse(await lab.read(MANIFEST)) as { files: { path: string }[] };
  expect(files.map(({ path }) => path)).toEqual(["/etc/profile.d/afkill.sh", "/etc/pam.d/sshd"]);
  expect(await lab.must("/usr/sbin/afkill install --hook pam")).toContain("nothing to change");

  const keeps =
    "keep /usr/lib/afkill (it belongs to the package: apt purge afkill removes it, the policy and the audit)\n";
  expect(await lab.must("/usr/sbin/afkill uninstall --purge")).toBe(
    `change /etc/pam.d/sshd\nremove /etc/profile.d/afkill.sh\nremove ${MANIFEST}\n${keeps}`,
  );
  expect(await lab.read("/etc/pam.d/sshd")).toBe(pam);
  expect(await lab.must(BROUGHT)).toBe(brought);
  expect(await lab.must("/usr/sbin/afkill uninstall")).toBe(
    `nothing to change: there is no install to undo\n${keeps}`,
  );
});
