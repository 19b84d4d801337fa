// Groups that cannot be told: by a directory service that hangs (a real NSS module whose file is a pipe that nobody writes to), and
// groups without a name.
import { expect, test, vi } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { afkill } from "../support/install.ts";
import {
  atPrompt,
  auditOf,
  auditWithEnd,
  expectEndOnTime,
  policyOfSeconds,
  SOON,
  type,
} from "../support/logins.ts";

const EXEMPT = '[exempt]\ngroups = ["noidle"]\n';
const FILE = "/var/lib/extrausers/group";
const HANG = `rm -f ${FILE} && mkfifo -m 644 ${FILE}`;
/** Whoever waits for the pipe gets an end of file, and the next ones find a file. */
const ANSWER = `mv ${FILE} ${FILE}.old; touch ${FILE}; timeout 5 sh -c ': >${FILE}.old' || :`;
const PATIENT = { timeout: 240_000, interval: 500 };

async function withDirectory(policy: string): Promise<Lab> {
  const lab = await startLab({ hook: "pam", policy });
  await lab.must(`mkdir -p /var/lib/extrausers && touch ${FILE}
    sed -i 's/^group:.*/group: files extrausers/' /etc/nsswitch.conf && grep -q '^group: files extrausers' /etc/nsswitch.conf`);
  return lab;
}

/** The states of all logins, and what is told of them. */
async function statesIn(lab: Lab): Promise<Record<string, { state: string; fault: string | null }>> {
  const rows: { user: string; state: string; fault: string | null }[] = JSON.parse(
    await lab.must("/usr/sbin/afkill list --json"),
  );
  return Object.fromEntries(rows.map(({ user, state, fault }) => [user, { state, fault }]));
}

test.concurrent("a directory that hangs ends nobody of whom it told nothing, keeps what it told, and says so", async () => {
  await using lab = await withDirectory(policyOfSeconds(EXEMPT));
  await lab.must("groupadd noidle");
  await lab.addUser("spared", { groups: ["noidle"] });
  for (const user of ["known", "fresh"]) await lab.addUser(user);
  const spared = await atPrompt(lab, "spared");
  const known = await atPrompt(lab, "known");
  const keyAt = type(known, "\r");
  // Their watchdogs have asked, and remember the answers.
  await vi.waitFor(
    () => lab.must('[ "$(cat /run/afkill/*/memory.json | grep -o \'"groups":{"names"\' | wc -l)" = 2 ]'),
    SOON,
  );
  const fresh = await atPrompt(lab, "fresh");
  type(fresh, "\r");
  await lab.must(HANG);

  await expectEndOnTime(known, keyAt);
  const ofKnown = await auditWithEnd(lab, "known");
  expect(ofKnown.at(-1)).toMatchObject({ action: "end", cause: "idle", rule: "top level" });
  await vi.waitFor(async () => {
    expect((await auditOf(lab, "fresh")).at(-1)).toMatchObject({
      action: "fault",
      rule: "groups not known: nobody is ended",
      reason: "the groups of fresh are not known: id gave no answer in 10 s; the login is not ended",
    });
  }, PATIENT);
  const states = await statesIn(lab);
  expect(states.fresh).toEqual({
    state: "fault",
    fault: expect.stringMatching(/fresh are not known: id gave no/),
  });
  expect(states.spared).toEqual({
    state: "exempt",
    fault: expect.stringContaining("the groups known last still count"),
  });
  const doctor = await afkill(lab, "doctor");
  expect(doctor.stdout).toMatch(/^error +groups +the groups of fresh are not known: id gave no answer/m);
  expect(await lab.syslog()).toMatch(/afkill.*action=fault user=fresh .*the login is not ended/);

  // It answers again: whoever is idle ends, and whoever is exempt does not.
  await lab.must(ANSWER);
  await fresh.exit;
  expect(fresh.output).toContain("closed by remote host");
  expect((await statesIn(lab)).spared).toEqual({ state: "exempt", fault: null });
  spared.kill();
});

test.concurrent("a directory that hangs is no reason to spare anybody where the policy names no group", async () => {
  await using lab = await withDirectory(policyOfSeconds());
  await lab.addUser("visitor");
  const ssh = await atPrompt(lab, "visitor");
  const keyAt = type(ssh, "\r");
  await lab.must(HANG);
  await expectEndOnTime(ssh, keyAt);
  expect((await auditWithEnd(lab, "visitor")).map(({ action }) => action)).not.toContain("fault");
});

test.concurrent("a user whose own group has no name goes by the other ones", async () => {
  const rule = '[[rule]]\nmatch = { groups = ["team"] }\nidle_timeout = "20s"\n';
  await using lab = await startLab({
    hook: "pam",
    policy: `idle_timeout = "off"\nwarn_before = ["5s"]\n${EXEMPT}${rule}`,
  });
  await lab.must("groupadd team");
  await lab.addUser("nameless", { groups: ["team"] });
  await lab.must("sed -i 's/^\\(nameless:x:[0-9]*\\):[0-9]*:/\\1:54321:/' /etc/passwd && ! id -Gn nameless");
  const ssh = await atPrompt(lab, "nameless");
  const keyAt = type(ssh, "\r");
  await expectEndOnTime(ssh, keyAt);
  expect((await auditWithEnd(lab, "nameless")).at(-1)?.rule).toMatch(/^rule 1,/);
});
