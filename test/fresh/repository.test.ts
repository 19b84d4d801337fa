// A repository of apt, signed by a key that lives as long as the test: a fresh machine installs from it, and upgrades.
import { execFile } from "node:child_process";
import { copyFileSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, test } from "vitest";
import { checkout } from "../lab/boot.ts";
import { expectWarnedAndEnded, HOST, onFresh, version } from "../support/fresh.ts";

const KEY = "repository@afkill.example";
const folder = mkdtempSync(join(tmpdir(), "afkill-repository-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs scripts/package; gpg has its keys in the folder of the test. */
const pack = (...words: readonly string[]) =>
  promisify(execFile)(join(checkout, "scripts/package"), words, {
    env: { ...process.env, GNUPGHOME: join(folder, "keys") },
    maxBuffer: 1 << 26,
  });

/** Makes the repository with this version of the package, as the next state of what hosts ask. */
async function publish(name: string, of: string): Promise<void> {
  for (const old of globSync(join(checkout, "build/*.deb"))) rmSync(old);
  await pack(of);
  await pack("--repository", join(folder, name), "--key", KEY);
}

test("apt installs afkill from it, trusts no other key, and upgrades", async ({ signal }) => {
  await promisify(execFile)("sh", [
    "-ec",
    `mkdir -m 700 ${folder}/keys && GNUPGHOME=${folder}/keys gpg --batch --quiet --passphrase '' --quick-generate-key ${KEY} ed25519 sign 1d`,
  ]);
  await publish("now", version);
  await publish("then", `${version}+next`);
  copyFileSync(join(folder, "now/afkill.asc"), join(folder, "afkill.asc"));
  rmSync(join(folder, "keys"), { recursive: true });
  const lines = [
    ...HOST,
    "mkdir -p /srv/repository /etc/apt/keyrings && cp -R /brought/now/. /srv/repository",
    "echo 'deb [signed-by=/etc/apt/keyrings/afkill.asc] file:/srv/repository stable main' >/etc/apt/sources.list.d/afkill.list",
    // Without its key it is refused.
    "apt-get -qq update || true",
    "if apt-get -qq install afkill; then exit 1; fi",
    "cp /brought/afkill.asc /etc/apt/keyrings/",
    "apt-get update && apt-get -qq install --no-install-recommends afkill",
    "afkill install --hook pam",
    "rm -r /srv/repository/* && cp -R /brought/then/. /srv/repository",
    "apt-get update && apt-get -qq upgrade --with-new-pkgs",
    `[ "$(dpkg-query --show --showformat '\${Version}' afkill)" = '${version}+next' ]`,
    "test/fresh/idle-login.sh",
  ];
  expectWarnedAndEnded(await onFresh({ release: "trixie", lines, folder, signal }));
});
