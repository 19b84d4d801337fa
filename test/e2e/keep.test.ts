// An administrator who keeps logins of others: `afkill stay --login`, and `k` of `afkill top`.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { inside } from "../lab/inside.ts";
import { type Lab, startLab } from "../lab/lab.ts";
import { openTerminal } from "../lab/ssh.ts";
import {
  aliveAfter,
  atPrompt,
  auditOf,
  auditWithEnd,
  expectEndOnTime,
  LIMIT_S,
  policyOfSeconds,
  SOON,
  type,
} from "../support/logins.ts";

/** The limit, the rest of the kernel's 8-second bucket, and what a busy machine may take on top. */
const LATEST_S = LIMIT_S + 8 + 12;
const KEPT_S = 30;
const BY_AGE = `[[rule]]\nmatch = { users = ["old"] }\nmax_login = "40s"\n`;
/** A warning that stands long enough for a busy machine. */
const LONG_NOTICE = `[[rule]]\nmatch = { users = ["dora"] }\nidle_timeout = "50s"\nwarn_before = ["45s"]\n`;

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ policy: policyOfSeconds(BY_AGE + LONG_NOTICE), hook: "pam" });
  for (const user of ["anna", "bert", "carl", "dora", "gina", "old"]) await lab.addUser(user);
});
afterAll(() => lab?.stop());

const seconds = (from: number) => (performance.now() - from) / 1000;
const rowOf = async (user: string) => {
  const rows = JSON.parse(await lab.must(`afkill list --json --user ${user}`));
  expect(rows).toHaveLength(1);
  return rows[0];
};
const stayOf = async (user: string) => (await auditOf(lab, user)).filter(({ action }) => action === "stay");

describe.concurrent("a login", () => {
  test("lives as long as stay --login keeps it, and its limit begins then", async () => {
    const ssh = await atPrompt(lab, "anna");
    const said = await lab.must(`SUDO_USER=boss afkill stay --login anna ${KEPT_S}s`);
    const asked = performance.now();
    expect(said).toMatch(/^login of anna \(sshd \d+\): stays until \d\d:\d\d\n$/);
    expect(await stayOf("anna")).toMatchObject([
      {
        cause: "administrator",
        outcome: "kept",
        terminals: [expect.stringMatching(/^pts\/\d+$/)],
        reason: expect.stringMatching(/^kept by boss for 30s, until \d\d:\d\d$/),
      },
    ]);
    // The end of its last key's bucket lies ahead for some seconds.
    await vi.waitFor(async () => {
      const [{ idleSeconds, evidence }] = (await rowOf("anna")).subjects;
      expect([idleSeconds, evidence]).toEqual([0, expect.stringMatching(/^keep: kept by an administrator/)]);
    }, SOON);
    const { sshdPid } = await rowOf("anna");
    const modes = await lab.must(
      `stat -c '%a %U' /run/afkill/kept /run/afkill/kept/$(pgrep -P ${sshdPid})-*`,
    );
    expect(modes).toBe("755 root\n644 root\n");

    await ssh.exit;
    expect(seconds(asked)).toBeGreaterThanOrEqual(KEPT_S + LIMIT_S - 1);
    expect(seconds(asked)).toBeLessThanOrEqual(KEPT_S + LATEST_S);
    const audit = await auditWithEnd(lab, "anna");
    expect(audit.at(-1)).toMatchObject({
      cause: "idle",
      sshdPid,
      lastActivity: expect.stringMatching(/^keep: kept by an administrator until/),
    });
    // That an administrator asked is told once, and never as if the user had.
    expect((await stayOf("anna")).map(({ cause }) => cause)).toEqual(["administrator"]);
  });

  test("that was warned is told that it stays", async () => {
    const ssh = await atPrompt(lab, "dora");
    await ssh.waitFor(/press a key to stay/);
    await lab.must("SUDO_USER='a\x1b[2Jb' afkill stay --login dora 2h");
    await ssh.waitFor(/your login stays \(the administrator keeps it\)/);
    expect((await rowOf("dora")).state).toBe("active");
    await vi.waitFor(async () => expect(await stayOf("dora")).toHaveLength(2), SOON);
    expect(await stayOf("dora")).toMatchObject([
      { cause: "administrator", reason: expect.stringMatching(/^kept by root for 2h/) },
      { cause: "administrator", reason: expect.stringMatching(/^kept by an administrator until/) },
    ]);
    expect(await aliveAfter(ssh, LATEST_S + 30)).toBe(true);
    // The new time takes the place of the one before.
    await lab.must("afkill stay --login dora 1s");
    const letGo = performance.now();
    const file = (
      await lab.must(`ls /run/afkill/kept/$(pgrep -P ${(await rowOf("dora")).sshdPid})-*`)
    ).trim();
    await ssh.exit;
    expect(seconds(letGo)).toBeLessThanOrEqual(LATEST_S + 30);
    await vi.waitFor(async () => expect((await lab.run(`ls ${file}`)).status).not.toBe(0), SOON);
  });

  test("lives as long as k of the live view keeps it", async () => {
    const ssh = await atPrompt(lab, "bert");
    const argv = ["nsenter", ...inside(lab.pid), "afkill", "top"];
    const view = openTerminal(argv, { cols: 120, rows: 24 }, lab.report);
    view.write("/");
    await view.waitFor(/^Filter: _/m);
    view.write("bert\r");
    await view.waitFor(/k keep/);
    await view.waitFor(/^> bert/m);
    view.write("k");
    await view.waitFor(/^Keep bert for \(1h\): _/m);
    view.write("soon\r");
    await view.waitFor(/^not kept: a time is/m);
    view.write("k");
    await view.waitFor(/^Keep bert for \(1h\): _/m);
    view.write(`${KEPT_S}s\r`);
    await view.waitFor(/^the login of bert stays until \d\d:\d\d/m);
    const asked = performance.now();
    await view.waitFor(/kept by an admin/);
    view.write("q");
    await view.exit;

    await ssh.exit;
    expect(seconds(asked)).toBeGreaterThanOrEqual(KEPT_S + LIMIT_S - 3);
    expect(seconds(asked)).toBeLessThanOrEqual(KEPT_S + LATEST_S);
    expect(await stayOf("bert")).toMatchObject([{ cause: "administrator" }]);
    await auditWithEnd(lab, "bert");
  });

  test("is not kept by a record that its user wrote, nor by its user's wish", async () => {
    const ssh = lab.ssh("carl");
    await ssh.waitFor(/\$ $/m);
    const lastKeyAt = type(ssh, "\r");
    const { sshdPid } = await rowOf("carl");
    // What a user could write if the directory were open to all; and the child that serves the login names it.
    await lab.must(`
      install -d -m 755 /run/afkill/kept
      for pid in ${sshdPid} $(pgrep -P ${sshdPid}); do
        file=/run/afkill/kept/$pid-$(awk '{ print $22 }' /proc/$pid/stat)
        echo '{"version":1,"untilMs":999999999999}' >$file && chown carl $file
      done`);
    const refused = await lab.run("afkill stay --login carl 1h", { user: "carl" });
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining("needs root") });
    await expectEndOnTime(ssh, lastKeyAt);
  });

  test("that a sweep looks after is kept too", async () => {
    const ssh = await atPrompt(lab, "gina");
    const { sshdPid } = await rowOf("gina");
    await vi.waitFor(() => lab.must(`pkill -KILL -f '[a]fkill/watchdog ${sshdPid}'`), SOON);
    await lab.must("afkill stay --login gina 1h");
    expect(await aliveAfter(ssh, LATEST_S)).toBe(true);
    expect(await lab.must("afkill sweep")).toMatch(/^kept gina on .*keep: kept by an administrator until/m);
    expect(await aliveAfter(ssh, 1)).toBe(true);
    const file = (await lab.must(`ls /run/afkill/kept/$(pgrep -P ${sshdPid})-*`)).trim();
    ssh.kill();
    await ssh.exit;
    // There is no watchdog that removes what was noted of it.
    await vi.waitFor(async () => {
      await lab.must("afkill sweep");
      expect((await lab.run(`ls ${file}`)).status).not.toBe(0);
    }, SOON);
  });

  test("ends for its age all the same", async () => {
    const ssh = await atPrompt(lab, "old");
    const began = performance.now();
    await lab.must("afkill stay --login old 1h");
    await ssh.exit;
    expect(seconds(began)).toBeGreaterThanOrEqual(LIMIT_S + 10);
    // A check that comes late gives the whole notice first.
    expect(seconds(began)).toBeLessThanOrEqual(40 + 10 + 30);
    expect((await auditWithEnd(lab, "old")).at(-1)).toMatchObject({ cause: "max_login" });
  });
});

test("a name that means no login keeps none, and a time without an end is refused", async () => {
  expect(await lab.run("afkill stay --login nobody 1h")).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('no login of a user "nobody"'),
  });
  expect((await lab.run("afkill stay --login nobody off")).status).toBe(2);
});

test("a watchdog that runs as its user takes root's word", async () => {
  await using lab = await startLab({ policy: policyOfSeconds(), hook: "profile" });
  for (const user of ["emil", "fred"]) await lab.addUser(user);
  const [emil, fred] = await Promise.all([atPrompt(lab, "emil"), atPrompt(lab, "fred")]);
  await lab.must("afkill stay --login emil 1h");
  expect(await aliveAfter(fred, LATEST_S)).toBe(false);
  expect(await aliveAfter(emil, 5)).toBe(true);
});
