// The Debian package: built from the checkout, and its life on machines fresh from Debian's installer, which have no Node.
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { cp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkout } from "../lab/boot.ts";
import { startLab } from "../lab/lab.ts";
import { expectWarnedAndEnded, HOST, onFresh, version } from "../support/fresh.ts";
import { afkill } from "../support/install.ts";

const architecture = execFileSync("dpkg", ["--print-architecture"], { encoding: "utf8" }).trim();
const next = `${version}+next`;
const LARGEST = 32 * 1000 * 1000;

/** Holds the package, and one with a higher version. */
const folder = mkdtempSync(join(tmpdir(), "afkill-package-"));
afterAll(() => rmSync(folder, { recursive: true }));
const pathOf = (it: string) => join(folder, `afkill_${it}_${architecture}.deb`);

async function build(...words: readonly string[]): Promise<void> {
  await promisify(execFile)(join(checkout, "scripts/package"), words, { maxBuffer: 1 << 26 });
  const built = pathOf(words[0] ?? version);
  await cp(join(checkout, "build", basename(built)), built);
}

beforeAll(async () => {
  await build(next);
  await build();
}, 1_800_000);

test("a second build gives the same bytes, few enough", async () => {
  const first = readFileSync(pathOf(version));
  await build();
  expect(first.equals(readFileSync(pathOf(version)))).toBe(true);
  expect(statSync(pathOf(version)).size).toBeLessThan(LARGEST);
});

test("lintian finds nothing", async () => {
  const { stdout } = await promisify(execFile)("lintian", ["--allow-root", pathOf(version)]);
  expect(stdout).toBe("");
});

// They mostly wait.
describe.concurrent.each(["bookworm", "trixie", "sid"])("%s", (release) => {
  test.for([
    ["life", "the package has lived, and left nothing"],
    ["killed", "the package has been killed, and lives"],
    ["unattended", "nobody had to be there"],
    ["uutils", "uutils have been the tools of this host"],
    ["full", "the disks have been full, and logins stayed guarded"],
  ])("package-%s.sh", async ([name, last], { signal }) => {
    const brought = [version, next].map((it) => `/brought/${basename(pathOf(it))}`).join(" ");
    const lines = [`exec 2>&1; test/fresh/package-${name}.sh ${brought}`];
    const machine = await onFresh({ release, lines, folder, signal });
    expectWarnedAndEnded(machine);
    expect(machine.said).toMatch(new RegExp(`${last}\n$`));
  });
});

// With openssh-server comes a new file of sshd's PAM service.
test.concurrent.for(["confnew", "confold"])(
  "an upgrade from Debian 12 to 13 with --force-%s leaves logins guarded",
  async (answer, { signal }) => {
    const lines = [
      `exec 2>&1; test/fresh/package-upgrade.sh ${answer} /brought/${basename(pathOf(version))}`,
    ];
    const machine = await onFresh({ release: "bookworm", lines, folder, signal });
    expectWarnedAndEnded(machine);
    expect(machine.said).toMatch(/the upgrade has kept logins guarded\n$/);
  },
);

/** The commands of README's installation. */
function linesOfReadme(): string[] {
  const readme = readFileSync(join(checkout, "README.md"), "utf8");
  const [, block = ""] = /^## Install on a real host\n.*?```sh\n(.*?)```/ms.exec(readme) ?? [];
  expect(block).toContain("apt install");
  return block.split("\n");
}

test("after README's lines an idle login is warned and ended", async ({ signal }) => {
  const lines = [...HOST, "cp /brought/*.deb .", ...linesOfReadme(), "test/fresh/idle-login.sh"];
  const machine = await onFresh({ release: "trixie", lines, folder, signal });
  expectWarnedAndEnded(machine);
});

test("it takes over from an install of a checkout, and takes everything away again", async () => {
  await using lab = await startLab();
  await lab.addUser("visitor");
  const pam = await lab.read("/etc/pam.d/sshd");
  await lab.install("pam");
  await lab.write("/usr/lib/afkill/dist/check-main-00000000.cjs", "// of an older build");
  await lab.write("/root/afkill.deb", readFileSync(pathOf(version)));
  await lab.must("DEBIAN_FRONTEND=noninteractive dpkg --install /root/afkill.deb");
  expect(await lab.must("stat -c '%a %U %G' /usr/lib/afkill/env")).toBe("2710 root afkill\n");
  expect(await lab.run("ssh visitor@lab 'exit 23'")).toMatchObject({ status: 23, stderr: "" });

  expect(await afkill(lab, "install --hook profile")).toMatchObject({
    status: 1,
    stderr:
      "afkill: afkill is installed here from a package; use its own command, /usr/sbin/afkill install; or apt remove afkill, and run this again\n",
  });
  await lab.must("/usr/sbin/afkill install --hook profile");
  const manifest = JSON.parse(await lab.read("/usr/lib/afkill/manifest.json")) as {
    files: { path: string }[];
  };
  expect(manifest.files.map(({ path }) => path)).toEqual(["/etc/pam.d/sshd", "/etc/profile.d/afkill.sh"]);
  expect(await lab.must("/usr/sbin/afkill uninstall --dry-run")).not.toContain(
    "would remove /usr/sbin/afkill",
  );

  await lab.must("/usr/sbin/afkill uninstall --purge");
  expect(await lab.read("/etc/pam.d/sshd")).toBe(pam);
  expect(await lab.must("ls /usr/sbin/afkill /etc/afkill/afkill.toml /usr/lib/afkill/node | wc -l")).toBe(
    "3\n",
  );
  await lab.must("dpkg --purge afkill");
  expect(
    (await lab.run("ls -d /usr/lib/afkill /etc/afkill /usr/sbin/afkill /usr/share/man/man8/afkill*")).stdout,
  ).toBe("");
  expect((await lab.run("getent group afkill")).status).toBe(2);
});

test("a purge leaves alone what a checkout has installed since the package was removed", async () => {
  await using lab = await startLab();
  await lab.addUser("visitor");
  await lab.write("/root/afkill.deb", readFileSync(pathOf(version)));
  await lab.must("DEBIAN_FRONTEND=noninteractive dpkg --install /root/afkill.deb");
  await lab.must("dpkg --remove afkill");
  await lab.install("pam");
  await lab.must("dpkg --purge afkill");
  expect(await lab.run("afkill doctor | grep -E '^ok +(hook|launcher|programs) ' | wc -l")).toMatchObject({
    stdout: "3\n",
  });
  expect(await lab.run("ssh visitor@lab 'exit 23'")).toMatchObject({ status: 23, stderr: "" });
});
