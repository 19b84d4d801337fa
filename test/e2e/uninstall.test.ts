// What an uninstall, or a change of sshd's configuration, meets on a host that is not as it was left.
import { expect, test, vi } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { afkill, stateOf } from "../support/install.ts";
import { SOON } from "../support/logins.ts";

const PAM = "/etc/pam.d/sshd";
const DROP_IN = "/etc/ssh/sshd_config.d/50-afkill.conf";
const PROFILE = "/etc/profile.d/afkill.sh";

async function mustLogIn(lab: Lab): Promise<void> {
  expect(await lab.run("ssh root@lab 'exit 23'")).toMatchObject({ status: 23 });
}

/** What afkill has put beside the paths that it changes, and not taken away. */
function leftOvers(lab: Lab): Promise<string> {
  return lab.must("find /etc /usr/lib /usr/share /usr/sbin /usr/bin /var/log -name '.*.afkill-*'");
}

test("an edited script of /etc/profile.d without its last line break stays one that shells read", async () => {
  await using lab = await startLab({ hook: "profile" });
  await lab.must(`printf 'umask 027\\n%s' "$(cat ${PROFILE})" >/root/edited; cp /root/edited ${PROFILE}`);
  expect(await afkill(lab, "uninstall --purge")).toMatchObject({ status: 0, stderr: "" });
  expect(await lab.read(PROFILE)).toBe("umask 027\n");
});

test("a script that no shell would read without afkill's lines stays whole, and this is said", async () => {
  await using lab = await startLab({ hook: "profile" });
  await lab.must(
    `{ echo 'if [ "$USER" != backup ]; then'; cat ${PROFILE}; echo fi; } >/root/edited; cp /root/edited ${PROFILE}`,
  );
  const gone = await afkill(lab, "uninstall --purge");
  expect(gone).toMatchObject({ status: 0, stderr: "" });
  expect(gone.stdout).toContain(`keep ${PROFILE} (it was edited: remove afkill's lines by hand)\n`);
  await lab.must(`cmp /root/edited ${PROFILE}`);
  expect(await lab.run("su -s /bin/sh - nobody -c 'exit 23'")).toMatchObject({ status: 23 });
});

test("a link in the place of a file of afkill's is neither followed nor replaced", async () => {
  await using lab = await startLab({ hook: "pam", pamLine: true });
  await lab.must(`
    printf 'ForceCommand exec /usr/lib/afkill/forced-command\\nMaxAuthTries 5\\n' >/root/drop-in
    ln -s /root/drop-in ${DROP_IN}`);
  const before = await stateOf(lab);
  const refused = await afkill(lab, "uninstall");
  expect(refused).toMatchObject({
    status: 1,
    stderr: `afkill: ${DROP_IN} is not a regular file; move it to another place and run this again\n`,
  });
  expect(await stateOf(lab)).toBe(before);

  await lab.must(
    `rm ${DROP_IN}; mv /etc/logrotate.d/afkill /root/; ln -s /root/afkill /etc/logrotate.d/afkill`,
  );
  const gone = await afkill(lab, "uninstall");
  expect(gone).toMatchObject({ status: 0, stderr: "" });
  expect(gone.stdout).toContain("keep /etc/logrotate.d/afkill (it was edited; --purge removes it)\n");
  expect(await lab.must("readlink /etc/logrotate.d/afkill")).toBe("/root/afkill\n");
});

test("a PAM file that has become a symbolic link since stays one", async () => {
  await using lab = await startLab({ hook: "pam", pamLine: true });
  await lab.must(`mv ${PAM} ${PAM}-real && ln -s sshd-real ${PAM}`);
  expect(await afkill(lab, "uninstall")).toMatchObject({ status: 0, stderr: "" });
  expect(await lab.must(`readlink ${PAM}`)).toBe("sshd-real\n");
  expect(await lab.read(`${PAM}-real`)).not.toContain("afkill");
  await mustLogIn(lab);
});

test("what an administrator writes while an install runs is not lost", async () => {
  await using lab = await startLab({ pamLine: true });
  // The PAM file has been read by then, and is not written yet.
  await lab.must(`
    mv /usr/bin/getent /usr/bin/getent-real
    printf '#!/bin/sh\\necho "# mine" >>${PAM}\\nexec /usr/bin/getent-real "$@"\\n' >/usr/bin/getent
    chmod 755 /usr/bin/getent`);
  const before = await lab.read(PAM);
  expect(await afkill(lab, "install --hook pam")).toMatchObject({
    status: 1,
    stderr: `afkill: ${PAM} was changed by somebody else meanwhile: run this again; everything was put back as it was\n`,
  });
  expect(await lab.read(PAM)).toBe(`${before}# mine\n`);
  await lab.must("mv /usr/bin/getent-real /usr/bin/getent");
  await lab.install("pam");
  await afkill(lab, "uninstall --purge");
  expect(await lab.read(PAM)).toBe(`${before}# mine\n`);
});

test("what a run that was killed has left goes with the next, the policy and the audit only if asked for", async () => {
  await using lab = await startLab({ hook: "pam", pamLine: true });
  const mark = "afkill-0123456789ab";
  await lab.must(`
    cp -r /etc/afkill /etc/.afkill.${mark}; cp -r /usr/lib/afkill /usr/lib/.afkill.${mark}
    cp ${PAM} /etc/pam.d/.sshd.${mark}; cp ${PAM} /etc/logrotate.d/.afkill.${mark}`);
  await lab.must("/usr/sbin/afkill uninstall");
  expect(await leftOvers(lab)).toBe(`/etc/.afkill.${mark}\n`);
  await afkill(lab, "uninstall --purge");
  expect(await leftOvers(lab)).toBe("");
});

test("an audit that a last check makes while all is removed goes too", async () => {
  await using lab = await startLab({ hook: "pam", pamLine: true });
  await lab.must("rm -rf /var/log/afkill");
  lab.spawn(
    "exec sh -c 'while [ -e /usr/lib/afkill ]; do sleep 0.1; done; sleep 1; mkdir /var/log/afkill; >/run/made' /usr/lib/afkill/dist/check.js",
  );
  expect(await afkill(lab, "uninstall --purge")).toMatchObject({ status: 0, stderr: "" });
  await vi.waitFor(() => lab.must("test -e /run/made"), SOON);
  expect(await lab.must("find /var/log -name '*afkill*'")).toBe("");
});

test("while one changes the host another is refused", async () => {
  await using lab = await startLab();
  await afkill(lab, "sshd apply");
  expect(await lab.must("stat -c '%a %U' /run/afkill-setup.lock")).toBe("600 root\n");
  const before = await stateOf(lab);
  for (const words of ["install --hook pam", "uninstall", "sshd apply", "sshd revert"]) {
    const ran = await lab.run(
      `flock /run/afkill-setup.lock ${lab.node} ${lab.checkout}/dist/cli.js ${words}`,
    );
    expect(ran).toMatchObject({
      status: 1,
      stderr:
        "afkill: another afkill command is changing this host; wait until it has ended, and run this again\n",
    });
  }
  expect(await stateOf(lab)).toBe(before);
});

test("what cannot be removed is told, and keeps nothing else from its end", async () => {
  await using lab = await startLab({ hook: "pam", pamLine: true });
  await lab.must("/usr/sbin/afkill sshd apply");
  await lab.must("mkdir /usr/lib/afkill/mount && mount -t tmpfs none /usr/lib/afkill/mount");
  const ran = await afkill(lab, "uninstall --purge");
  expect(ran.status).toBe(1);
  expect(ran.stderr).toMatch(
    /^afkill: the change is made, but these files could not be removed: .*\/usr\/lib\/\.afkill\.afkill-/,
  );
  expect(ran.stdout).toContain("reload sshd (");
  expect(await leftOvers(lab)).toMatch(/^\/usr\/lib\/\.afkill\.afkill-\w+\n$/);
  await lab.must("umount /usr/lib/.afkill.*/mount");
  expect(await afkill(lab, "uninstall --purge")).toMatchObject({ status: 0, stderr: "" });
  expect(await leftOvers(lab)).toBe("");
});

test("from a layer below, as a container's image is, it goes too", async ({ skip }) => {
  await using lab = await startLab({ hook: "pam", pamLine: true });
  const layered = await lab.run(`
    mkdir /run/upper && mount -t tmpfs none /run/upper && mkdir /run/upper/upper /run/upper/work &&
      mount -t overlay -o lowerdir=/usr/lib,upperdir=/run/upper/upper,workdir=/run/upper/work none /usr/lib`);
  skip(layered.status !== 0, `no overlay on an overlay here: ${layered.stderr}`);
  expect(await afkill(lab, "uninstall --purge")).toMatchObject({ status: 0, stderr: "" });
  expect((await lab.run("ls -d /usr/lib/afkill")).status).toBe(2);
});

test.each(["INT", "QUIT"])("SIG%s while it removes what was replaced does not stop it", async (signal) => {
  await using lab = await startLab({ hook: "pam", pamLine: true });
  const ran = await lab.run(`
    mkdir /usr/lib/afkill/many && cd /usr/lib/afkill/many && seq 50000 | xargs touch && cd /
    (trap - ${signal}; exec setsid env --default-signal=${signal} ${lab.node} ${lab.checkout}/dist/cli.js uninstall --purge) &
    until [ -e /usr/lib/.afkill.afkill-* ]; do :; done
    [ -e /etc/.afkill.afkill-* ] || sleep 0.05
    kill -${signal} $!
    wait $!`);
  expect(ran).toMatchObject({ status: 0, stderr: "" });
  expect(await leftOvers(lab)).toBe("");
});
