// Where the programs belong to a package, afkill changes the hooks alone. test/fresh/package.test.ts shows it with the package.
import { expect, test } from "vitest";
import { startLab } from "../lab/lab.ts";
import { bookworm, type Release, trixie } from "../lab/release.ts";
import { afkill } from "../support/install.ts";

const MANIFEST = "/usr/lib/afkill/manifest.json";
/** Everything that a package brings, and the policy and the audit. */
const BROUGHT = `find /usr/lib/afkill /usr/sbin /usr/bin /usr/share /etc/afkill /etc/logrotate.d /var/log/afkill ! -path ${MANIFEST} \
  -printf '%p %y %m %U:%G %i\\n' 2>/dev/null | grep afkill | sort`;

const PAM = "/etc/pam.d/sshd";
const SERVICE = "/etc/pam.d/afkill-sshd";
const DROP_IN = "/etc/ssh/sshd_config.d/50-afkill-pam.conf";

/** Where the pam hook is placed, how an install and an uninstall begin to tell of it, and what removes it behind afkill's back. */
const places: { release: Release; own: string[]; placed: RegExp; removed: RegExp; gone: string }[] = [
  {
    release: bookworm,
    own: [PAM],
    placed: /^hook pam: change \S+\/sshd\n/,
    removed: /^change \S+\/sshd\n/,
    gone: `sed -i /afkill/d ${PAM}`,
  },
  {
    release: trixie,
    own: [SERVICE, DROP_IN],
    placed: /^hook pam: create \S+\/afkill-sshd, create \S+\/50-afkill-pam.conf, reload .*\n/,
    removed: /^remove \S+\/50-afkill-pam.conf\n/,
    gone: `rm ${SERVICE} ${DROP_IN}`,
  },
];

const title =
  "an install places the hook alone, an uninstall takes hooks away alone, and another build is refused";
test.concurrent.each(places)(`${title}: $release.name`, async ({ release, own, placed, removed, gone }) => {
  await using lab = await startLab({ release });
  const pam = await lab.read("/etc/pam.d/sshd");
  await lab.install("profile");
  await lab.must("touch /usr/lib/afkill/dist/packaged; rm /etc/logrotate.d/afkill");
  const brought = await lab.must(BROUGHT);

  expect(await afkill(lab, "install --hook pam")).toMatchObject({
    status: 1,
    stderr:
      "afkill: afkill is installed here from a package; use its own command, /usr/sbin/afkill install; or apt remove afkill, and run this again\n",
  });
  const said = await lab.must("/usr/sbin/afkill install --hook pam");
  expect(said).toMatch(placed);
  expect(said).toMatch(/\nnote: .*\ninstalled: new logins get a watchdog from hook pam\n$/);
  const { files } = JSON.parse(await lab.read(MANIFEST)) as { files: { path: string }[] };
  const all = ["/etc/profile.d/afkill.sh", ...own];
  expect(files.map(({ path }) => path)).toEqual(all);
  expect(await lab.must("/usr/sbin/afkill install --hook pam")).toContain("nothing to change");

  await lab.must(gone);
  expect(await lab.must("/usr/sbin/afkill install --repeat")).toContain(": hook pam was put back (");
  expect(await lab.must("/usr/sbin/afkill install --repeat")).toBe("");
  expect(await lab.must(`cat ${own[0]}`)).toContain("/usr/lib/afkill/session");
  const again = JSON.parse(await lab.read(MANIFEST)) as {
    files: { path: string }[];
    hooks: { hook: string }[];
  };
  expect(again.files.map(({ path }) => path)).toEqual(all);
  expect(again.hooks.map(({ hook }) => hook)).toEqual(["profile", "pam"]);

  const keeps =
    "keep /usr/lib/afkill (it belongs to the package: apt purge afkill removes it, the policy and the audit)\n";
  const undone = await lab.must("/usr/sbin/afkill uninstall --purge");
  expect(undone).toMatch(removed);
  expect(undone).toContain(`remove /etc/profile.d/afkill.sh\nremove ${MANIFEST}\n`);
  expect(undone.endsWith(keeps)).toBe(true);
  expect((await lab.run(`ls ${SERVICE} ${DROP_IN}`)).stdout).toBe("");
  expect(await lab.read("/etc/pam.d/sshd")).toBe(pam);
  expect(await lab.must(BROUGHT)).toBe(brought);
  expect(await lab.must("/usr/sbin/afkill uninstall")).toBe(
    `nothing to change: there is no install to undo\n${keeps}`,
  );
});
