import { expect, test } from "vitest";
import { type Hook, startLab } from "../lab/lab.ts";
import { addRestrictedKey, afkill, askForMore, stateOf } from "../support/install.ts";

const hookFile = {
  pam: "/etc/pam.d/sshd",
  "force-command": "/etc/ssh/sshd_config.d/50-afkill.conf",
  profile: "/etc/profile.d/afkill.sh",
} as const;
const hooks = Object.keys(hookFile) as Hook[];

test.each(hooks)("hook %s: install, log in, install again, uninstall; /etc is as it was", async (hook) => {
  await using lab = await startLab({ pamLine: true });
  await lab.addUser("visitor");
  const before = await stateOf(lab);

  const preview = await afkill(lab, `install --hook ${hook} --dry-run`);
  expect(preview).toMatchObject({ status: 0, stderr: "" });
  expect(preview.stdout).toContain(`${hook === "pam" ? "would change" : "would create"} ${hookFile[hook]}`);
  expect(preview.stdout).toMatch(/^ {4}\+.*\/usr\/lib\/afkill\//m);
  expect(await stateOf(lab)).toBe(before);

  const said = await lab.install(hook, "--verbose");
  expect(said.split("\n")).toContain(`${hook === "pam" ? "change" : "create"} ${hookFile[hook]}`);
  const installed = await stateOf(lab);
  expect(installed).not.toBe(before);
  expect(await lab.run("ssh visitor@lab 'echo said; exit 23'")).toMatchObject({
    status: 23,
    stdout: "said\n",
  });
  const ssh = lab.ssh("visitor");
  await ssh.waitFor(/visitor@lab/);
  expect(await lab.must("/usr/sbin/afkill --version")).toMatch(/^\d+\.\d+\.\d+\n$/);

  expect((await afkill(lab, `install --hook ${hook}`)).stdout).toBe(
    `nothing to change: hook ${hook} is installed\n`,
  );
  expect(await stateOf(lab)).toBe(installed);

  const gone = await lab.must("/usr/sbin/afkill uninstall");
  expect(gone).toContain("keep /etc/afkill (--purge removes it)\n");
  const rest = (await stateOf(lab)).split("\n").filter((line) => !/\/(etc|log)\/afkill/.test(line));
  expect(rest.join("\n")).toBe(before);

  ssh.write("echo $((6 * 7)) lives\r");
  await ssh.waitFor(/42 lives/);
  ssh.write("exit 0\r");
  expect(await ssh.exit).toMatchObject({ status: 0 });

  await lab.install(hook);
  expect(await afkill(lab, "uninstall --purge")).toMatchObject({ status: 0, stderr: "" });
  expect(await stateOf(lab)).toBe(before);
  expect((await afkill(lab, "uninstall")).stdout).toBe("nothing to change: there is no install to undo\n");
  expect((await lab.run("ssh visitor@lab 'exit 23'")).status).toBe(23);
});

test("the rule is the first of sshd's session rules, and nothing but pam_exec's copy of env may be run by it", async () => {
  await using lab = await startLab({ hook: "pam", pamLine: true });
  const rules = (await lab.read("/etc/pam.d/sshd")).split("\n").filter((line) => line.startsWith("session"));
  expect(rules[0]).toBe(
    "session optional pam_exec.so quiet type=open_session /usr/lib/afkill/env -i /usr/lib/afkill/session",
  );
  expect(await lab.must("stat -c '%a %U %G' /usr/lib/afkill/env")).toBe("2710 root nogroup\n");
  // The group changes, so the loader drops what a user has put into the environment.
  await lab.write("/tmp/spy.c", "void __attribute__((constructor)) spy(void) { *(volatile int *)0 = 1; }");
  await lab.must("gcc -shared -fPIC -o /tmp/spy.so /tmp/spy.c && chmod 755 /tmp/spy.so");
  expect((await lab.run("LD_PRELOAD=/tmp/spy.so /usr/bin/env true")).status).toBe(139);
  expect((await lab.run("LD_PRELOAD=/tmp/spy.so /usr/lib/afkill/env true")).status).toBe(0);
});

test("hooks are added one beside the other, from the installed program too, and go together", async () => {
  await using lab = await startLab({ pamLine: true });
  const before = await stateOf(lab);
  await lab.install("pam");
  await lab.must("/usr/sbin/afkill install --hook profile");
  await lab.must("/usr/sbin/afkill install --hook force-command --match 'User root'");
  for (const path of Object.values(hookFile)) expect(await lab.read(path)).toContain("/usr/lib/afkill/");
  expect(await lab.run("ssh root@lab 'exit 23'")).toMatchObject({ status: 23 });
  await lab.must("/usr/sbin/afkill uninstall --purge");
  expect(await stateOf(lab)).toBe(before);
});

/** What other programs of the host get. */
const shared = {
  "/usr/share/bash-completion/completions/afkill": "completion/bash",
  "/usr/share/zsh/vendor-completions/_afkill": "completion/zsh",
  "/usr/share/fish/vendor_completions.d/afkill.fish": "completion/fish",
  "/usr/share/man/man8/afkill.8.gz": "man/afkill.8",
  "/usr/share/man/man5/afkill.toml.5.gz": "man/afkill.toml.5",
};

test("shells get completion and man(1) gets its pages, where the host has them, and only there", async () => {
  await using lab = await startLab({ pamLine: true });
  await lab.must(
    "mkdir -p /usr/share/zsh/vendor-completions && rm -r /usr/share/bash-completion /usr/share/man/man5",
  );
  const before = await stateOf(lab);
  await lab.install("pam");
  for (const [path, source] of Object.entries(shared)) {
    const found = await lab.run(
      `gzip -cdf ${path} | cmp - ${lab.checkout}/dist/${source}; stat -c %a:%U:%G ${path}`,
    );
    const isThere = !path.includes("/bash-completion/");
    expect([path, found.stdout]).toEqual([path, isThere ? "644:root:root\n" : expect.any(String)]);
    expect([path, found.status]).toEqual([path, isThere ? 0 : 1]);
  }
  // As `gzip -n`: neither name nor time.
  expect(await lab.must("head -c 8 /usr/share/man/man8/afkill.8.gz | od -An -tx1")).toBe(
    " 1f 8b 08 00 00 00 00 00\n",
  );
  expect(await lab.must("man -P cat afkill && man -P cat 5 afkill.toml")).toMatch(
    /^AFKILL\(8\)(.|\n)*^AFKILL.TOML\(5\)/m,
  );
  await lab.must("/usr/sbin/afkill uninstall --purge");
  expect(await stateOf(lab)).toBe(before);
  expect((await lab.run("ls -d /usr/share/man/man5 /usr/share/bash-completion")).stdout).toBe("");
});

test("a directory that an install made goes when it is left empty, however many installs came after", async () => {
  await using lab = await startLab({ pamLine: true });
  await lab.install("pam");
  await lab.install("profile");
  await lab.must("rm /etc/afkill/afkill.toml");
  expect(await lab.must("/usr/sbin/afkill uninstall")).toContain("remove /etc/afkill\n");
  expect((await lab.run("ls -d /etc/afkill")).status).toBe(2);
});

test("a scope is changed by installing again; Match criteria reach sshd as given", async () => {
  await using lab = await startLab({ pamLine: true });
  await lab.addUser("visitor", { groups: ["staff"] });
  await afkill(lab, "install --hook force-command --match 'Group staff'");
  const commandOf = (user: string) =>
    lab.run(`sshd -T -C user=${user},host=lab,addr=127.0.0.1 | grep -ci '^forcecommand.*afkill'`);
  expect([(await commandOf("visitor")).stdout, (await commandOf("root")).stdout]).toEqual(["1\n", "0\n"]);
  expect((await afkill(lab, "install --hook force-command")).status).toBe(0);
  expect([(await commandOf("visitor")).stdout, (await commandOf("root")).stdout]).toEqual(["1\n", "1\n"]);
});

test("what an administrator has written since stays; only afkill's lines go", async () => {
  await using lab = await startLab({ pamLine: true });
  const pam = await lab.read(hookFile.pam);
  for (const hook of hooks) await lab.install(hook);
  expect(await lab.must("grep -v '^#' /etc/pam.d/afkill; stat -c %a:%U:%G /etc/pam.d/afkill")).toBe(
    "auth include common-auth\naccount include common-account\n644:root:root\n",
  );
  await lab.must(`
    chmod 600 ${hookFile.pam} && echo 'session optional pam_umask.so # mine' >>${hookFile.pam}
    echo 'MaxAuthTries 5' >>${hookFile["force-command"]}
    echo 'umask 027' >>${hookFile.profile}
    echo '# mine' >>/etc/logrotate.d/afkill
    echo '# mine' >>/etc/pam.d/afkill
    echo '# mine' >>/usr/share/bash-completion/completions/afkill
    echo '# mine' >>/etc/afkill/afkill.toml`);
  expect((await afkill(lab, "install --hook pam")).stdout).toBe("nothing to change: hook pam is installed\n");
  const edited = await afkill(lab, "install --hook force-command --match 'User root'");
  expect(edited).toMatchObject({ status: 1, stderr: expect.stringContaining("is not as afkill writes it") });

  const gone = await lab.must("/usr/sbin/afkill uninstall");
  expect(gone).toContain(`change ${hookFile.pam} (removes only afkill's line)`);
  for (const path of [
    "/etc/pam.d/afkill",
    "/etc/logrotate.d/afkill",
    "/usr/share/bash-completion/completions/afkill",
  ])
    expect(gone).toContain(`keep ${path} (it was edited; --purge removes it)`);
  expect(await lab.read(hookFile.pam)).toBe(`${pam}session optional pam_umask.so # mine\n`);
  expect(await lab.must(`stat -c %a ${hookFile.pam}`)).toBe("600\n");
  expect(await lab.read(hookFile["force-command"])).toBe("MaxAuthTries 5\n");
  expect(await lab.read(hookFile.profile)).toBe("umask 027\n");
  expect((await lab.run("ssh root@lab 'exit 23'")).status).toBe(23);
});

test("without its manifest, uninstall goes by name", async () => {
  await using lab = await startLab({ pamLine: true });
  const state =
    "find /etc -type f -exec sha256sum {} + | sort; ls -d /usr/lib/afk* || :; find /usr/share -name '*afkill*'";
  const before = await lab.must(state);
  for (const hook of hooks) await lab.install(hook);
  await lab.must("rm /usr/lib/afkill/manifest.json");
  await afkill(lab, "uninstall --purge");
  expect(await lab.must(state)).toBe(before);
});

test("a PAM file that is a symbolic link stays one", async () => {
  await using lab = await startLab({ pamLine: true });
  await lab.must("mv /etc/pam.d/sshd /etc/pam.d/sshd-real && ln -s sshd-real /etc/pam.d/sshd");
  const before = await stateOf(lab);
  expect(await lab.install("pam", "--verbose")).toContain("change /etc/pam.d/sshd-real\n");
  expect(await lab.must("readlink /etc/pam.d/sshd")).toBe("sshd-real\n");
  await afkill(lab, "uninstall --purge");
  expect(await stateOf(lab)).toBe(before);
});

test("an upgrade leaves what runs alone, and takes along what the new build no longer has", async () => {
  await using lab = await startLab({ pamLine: true });
  await lab.must(`
    mkdir /root/build && cp -r ${lab.checkout}/dist /root/build/ && ln -s ${lab.checkout}/node_modules /root/build/
    echo old >/root/build/dist/chunk-old.js`);
  const install = `${lab.node} /root/build/dist/cli.js install --hook pam --verbose`;
  await lab.must(install);
  const upgraded = await lab.must(`
    exec 3</usr/lib/afkill/watchdog
    cp /usr/lib/afkill/watchdog /root/old
    echo '# newer' >>/root/build/dist/pam/watchdog
    rm /root/build/dist/chunk-old.js
    ${install}
    cmp /root/old - <&3`);
  expect(upgraded).toContain("change /usr/lib/afkill/watchdog\n");
  expect(upgraded).toContain("remove /usr/lib/afkill/dist/chunk-old.js\n");
  expect(upgraded).not.toContain("/etc/");
  expect(await lab.read("/usr/lib/afkill/watchdog")).toMatch(/# newer\n$/);
  expect(await lab.must(install)).toContain("nothing to change");
});

test("a key restricted to a command stays so by every way that was not told otherwise", async () => {
  await using lab = await startLab({ pamLine: true });
  await lab.addUser("keeper");
  await addRestrictedKey(lab, "keeper");
  expect(await askForMore(lab, "keeper")).toBe("only this\n");

  const refused = await afkill(lab, "install --hook force-command");
  expect(refused).toMatchObject({ status: 1, stdout: "" });
  expect(refused.stderr).toMatch(
    /^afkill: \/home\/keeper\/.ssh\/authorized_keys:2: a key restricted by command=: ForceCommand would cancel such a restriction; use --hook pam, or limit the hook with --match 'Group staff', or accept this with --accept-forced-keys\n$/,
  );
  expect(await askForMore(lab, "keeper")).toBe("only this\n");
  for (const flags of ["--hook pam", "--hook profile", "--hook force-command --match 'User root'"]) {
    expect(await afkill(lab, `install ${flags}`)).toMatchObject({ status: 0, stderr: "" });
    expect(await askForMore(lab, "keeper")).toBe("only this\n");
  }
  // This is what the refusal is for.
  expect(await afkill(lab, "install --hook force-command --accept-forced-keys")).toMatchObject({ status: 0 });
  expect(await askForMore(lab, "keeper")).toBe("more than that\n");
  await afkill(lab, "uninstall --purge");
  expect(await askForMore(lab, "keeper")).toBe("only this\n");
});

test.each(hooks)(
  "hook %s: with the program directory deleted logins go on, and the log says why",
  async (hook) => {
    await using lab = await startLab({ hook });
    await lab.addUser("visitor");
    await lab.must("rm -r /usr/lib/afkill");
    expect(await lab.run("ssh visitor@lab 'cat; exit 23'", { input: "bytes" })).toMatchObject({
      status: 23,
      stdout: "bytes",
      stderr: "",
    });
    const ssh = lab.ssh("visitor");
    await ssh.waitFor(/visitor@lab/);
    ssh.write("shopt login_shell; exit 5\r");
    await ssh.waitFor(/login_shell\s+on/);
    expect(await ssh.exit).toMatchObject({ status: 5 });
    expect(await lab.syslog()).toMatch(
      /\/usr\/lib\/afkill\/(env|forced-command|profile.sh).*(failed|missing)/,
    );
  },
);

test.for(["bash", "dash", "zsh", "fish", "tcsh"])(
  "the ForceCommand works in the hands of %s",
  async (shell, { skip }) => {
    await using lab = await startLab({ hook: "force-command" });
    const path = (await lab.run(`command -v ${shell}`)).stdout.trim();
    skip(path === "", `${shell} is not installed`);
    await lab.addUser("visitor", { shell: path });
    const command = `ssh visitor@lab 'echo "a b" \\$; exit 23'`;
    expect(await lab.run(command)).toMatchObject({ status: 23, stdout: "a b $\n", stderr: "" });
    await lab.must("rm /usr/lib/afkill/forced-command");
    expect(await lab.run(command)).toMatchObject({ status: 23, stdout: "a b $\n", stderr: "" });
  },
);
