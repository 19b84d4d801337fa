// A host that is upgraded from Debian 12 to 13: the maintainer's version of sshd's PAM file takes afkill's line away.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { checkout } from "../lab/boot.ts";

const APT = "apt-get -qq --no-install-recommends";

/** One shell script; it ends at the first line that fails. `TELL` lines are what the test reads. */
const SCRIPT = `
set -e
exec 2>&1
printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d
${APT} update
${APT} install openssh-server git npm libatomic1 iproute2
npm ci --ignore-scripts && npm run build
mkdir -p /run/sshd
node_modules/.bin/node dist/cli.js install --hook pam
grep -c afkill/session /etc/pam.d/sshd | sed 's/^/TELL lines before: /'

sed -i s/bookworm/trixie/g $(grep -rl bookworm /etc/apt/sources.list /etc/apt/sources.list.d)
${APT} update
DEBIAN_FRONTEND=noninteractive ${APT} -o Dpkg::Options::=--force-confnew install openssh-server
ssh -V 2>&1 | sed 's/^/TELL /'
grep -c afkill/session /etc/pam.d/sshd | sed 's/^/TELL lines after: /'
afkill metrics | sed -n 's/^afkill_hook_in_effect/TELL &/p'
cp /etc/pam.d/sshd /root/maintainers
afkill install --repeat | sed 's/^/TELL /'
cmp /etc/pam.d/sshd /root/maintainers && echo 'TELL the PAM file is the maintainers'
sshd -T | sed -n 's/^pamservicename/TELL &/p'
afkill metrics | sed -n 's/^afkill_hook_in_effect/TELL &/p'
afkill doctor | sed -n 's/^[a-z]* *pam-/TELL &/p'
test -z "$(afkill install --repeat)"
afkill uninstall --purge
cmp /etc/pam.d/sshd /root/maintainers && test ! -e /etc/pam.d/afkill-sshd && echo TELL gone
`;

test("the metrics tell, and install --repeat moves the hook out of the package's reach", async () => {
  const machine = spawn(join(checkout, "test/lab/fresh"), ["bookworm", "root", SCRIPT], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void machine.kill());
  const status = new Promise((resolve) => machine.on("close", resolve));
  const said = await text(machine.stdout);
  expect(await status, said).toBe(0);
  const told = [...said.matchAll(/^TELL (.*)$/gm)].map(([, line = ""]) => line);
  expect(told, said).toEqual([
    "lines before: 1",
    expect.stringMatching(/^OpenSSH_10\./),
    "lines after: 0",
    'afkill_hook_in_effect{hook="pam"} 0',
    expect.stringMatching(/^\/etc\/pam.d\/sshd has no line of afkill: hook pam was put back \(/),
    "the PAM file is the maintainers",
    "pamservicename afkill-sshd",
    'afkill_hook_in_effect{hook="pam"} 1',
    expect.stringMatching(/^ok +pam-rule /),
    expect.stringMatching(/^ok +pam-placement /),
    "gone",
  ]);
});
