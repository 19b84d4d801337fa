// `install --hook force-command --wrap`: there and back, and what the doctor, list and metrics make of it.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PROGRAM_DIRECTORY, PTY_MODULE } from "../../src/system/paths.ts";
import { startLab } from "../lab/lab.ts";
import { afkill, stateOf } from "../support/install.ts";
import { atPrompt } from "../support/logins.ts";

const HOOK = "install --hook force-command";
const DROP_IN = "/etc/ssh/sshd_config.d/50-afkill.conf";
const PTY = join(PROGRAM_DIRECTORY, "dist", PTY_MODULE);

interface Finding {
  readonly id: string;
  readonly level: string;
  readonly what: string;
}

describe.concurrent("install --wrap", () => {
  test("wraps logins, and without it no longer; uninstall puts everything back", async () => {
    await using lab = await startLab();
    const before = await stateOf(lab);
    expect((await afkill(lab, `${HOOK} --wrap --dry-run`)).stdout).toMatch(
      /^ {4}\+ForceCommand.*"\$f" wrap;/m,
    );
    expect(await stateOf(lab)).toBe(before);

    await lab.install("force-command", "--wrap");
    expect(await lab.read(DROP_IN)).toContain('exec "$f" wrap;');
    expect((await afkill(lab, `${HOOK} --wrap`)).stdout).toMatch(/^nothing to change/);
    await lab.install("force-command");
    expect(await lab.read(DROP_IN)).toContain('exec "$f";');
    await lab.must(`/usr/sbin/afkill ${HOOK} --wrap`);
    expect(await lab.read(DROP_IN)).toContain('exec "$f" wrap;');

    await lab.must("/usr/sbin/afkill uninstall --purge");
    expect(await stateOf(lab)).toBe(before);
  });

  test("goes with this hook only", async () => {
    await using lab = await startLab();
    const { status, stderr } = await afkill(lab, "install --hook pam --wrap");
    expect(status).toBe(2);
    expect(stderr).toContain("--wrap need --hook force-command");
  });

  test("needs the parts of the build", async () => {
    await using lab = await startLab();
    await lab.must(
      `cp -r ${lab.checkout}/dist /tmp/dist && cp $(readlink -f ${lab.node}) /tmp/node && rm /tmp/dist/wrap.js`,
    );
    const { status, stderr } = await lab.run(`/tmp/node /tmp/dist/cli.js ${HOOK} --wrap`);
    expect(status).toBe(1);
    expect(stderr).toContain("the build has no /tmp/dist/wrap.js");
  });

  test("is examined by the doctor, and a wrapped login counts as guarded", async () => {
    await using lab = await startLab({
      hook: "force-command",
      flags: "--wrap",
      policy: 'idle_timeout = "10m"\n',
    });
    await lab.addUser("guest");
    const ssh = await atPrompt(lab, "guest");
    const findings = async () => {
      const { stdout } = await lab.run("/usr/sbin/afkill doctor --json");
      return JSON.parse(stdout).findings as Finding[];
    };
    const found = async (id: string) => (await findings()).find((it) => it.id === id);
    expect(await found("force-command")).toMatchObject({ level: "ok" });
    expect(await found("watchdogs")).toMatchObject({ level: "ok" });
    const [row] = JSON.parse(await lab.must("/usr/sbin/afkill list --json"));
    expect(row).toMatchObject({ user: "guest", state: "active", watchdog: "user" });
    expect(row.subjects).toMatchObject([{ foreground: { name: "bash" } }]);
    expect(await lab.must("/usr/sbin/afkill metrics")).toMatch(/^afkill_watchdogs_missing 0$/m);
    ssh.write("exit\r");
    await ssh.exit;

    await lab.must(`echo no module >${PTY}`);
    const broken = await found("force-command");
    expect(broken).toMatchObject({ level: "error" });
    expect(broken?.what).toMatch(/a wrap does not start \(.*pty\.node/);
  });

  test("is not to be had by the name alone", async () => {
    await using lab = await startLab({ policy: 'idle_timeout = "10m"\n' });
    await lab.addUser("faker");
    const ssh = await atPrompt(lab, "faker");
    await lab.install("force-command", "--wrap");
    ssh.write("cp /bin/tail node-MainThread; ./node-MainThread -n 1 -f /usr/lib/afkill/dist/wrap.js\r");
    await ssh.waitFor(/^\*\/$/m);
    const [row] = JSON.parse(await lab.must("/usr/sbin/afkill list --json"));
    expect(row).toMatchObject({ user: "faker", watchdog: null });
  });
});
