// `afkill sweep` on logins that have no watchdog: it goes by idleness, not by the age of their sshd.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Lab, type Ssh, startLab } from "../lab/lab.ts";
import { atPrompt, auditOf, LIMIT_S, policyOfSeconds } from "../support/logins.ts";

/** Makes what a command sees of the host a day older, so that a process can have begun two hours ago on one that was just started. */
const IN_AN_OLD_HOST = "unshare --time --boottime 86400 --fork --";

let lab: Lab;
let sweep: string;

beforeAll(async () => {
  lab = await startLab({ policy: policyOfSeconds('[exempt]\nusers = ["erin"]') });
  sweep = `${lab.node} ${lab.checkout}/dist/cli.js sweep`;
  for (const user of ["alice", "bob", "erin"]) await lab.addUser(user);
});
afterAll(() => lab?.stop());

/** What scripts from the web go by: how old the oldest process of a login is, in seconds. */
async function ageOf(user: string): Promise<number> {
  const ages = (await lab.must(`ps -o etimes= -u ${user}`)).trim().split(/\s+/).map(Number);
  return Math.max(...ages);
}

const lines = (text: string) => text.split("\n").filter(Boolean);
const isThere = (user: string) => lab.processes().some((it) => it.user === user && it.comm === "bash");

test("an idle login ends, once; one as old that is typed in stays, and so does an exempt one", async () => {
  const [, bob] = await Promise.all(["alice", "bob", "erin"].map((user) => atPrompt(lab, user)));
  const typing = setInterval(() => bob?.write(" "), 500);
  try {
    await vi.waitFor(async () => expect(await ageOf("bob")).toBeGreaterThan(LIMIT_S + 10), {
      timeout: 90_000,
      interval: 1000,
    });

    const { logins } = JSON.parse(await lab.must(`${sweep} --dry-run --json`));
    const actions = logins.map(({ user, action }: { user: string; action: string }) => [user, action]);
    expect(Object.fromEntries(actions)).toEqual({ alice: "warn", bob: "keep", erin: "keep" });
    expect(await lab.must(`${sweep} --dry-run`)).toMatch(/^would warn alice on pts\/\d+ /m);
    expect(["alice", "bob", "erin"].map(isThere)).toEqual([true, true, true]);
    expect(await lab.must("ls /run/afkill /var/log/afkill 2>/dev/null || :")).toBe("");

    // Two at once: one of them has each login, and gives the whole notice first.
    const both = await Promise.all(["one", "two"].map((name) => lab.must(`${sweep} --log /root/${name}`)));
    const said = both.flatMap(lines);
    expect(said.filter((line) => /^ended alice on pts/.test(line))).toHaveLength(1);
    expect(said).toContainEqual(expect.stringMatching(/^skipped alice .*: another sweep is working on it$/));
    expect(said).toContainEqual(expect.stringMatching(/^kept bob .*a key/));
    expect(said).toContainEqual(expect.stringMatching(/^kept erin .*exempt/));
    expect(["alice", "bob", "erin"].map(isThere)).toEqual([false, true, true]);
    expect((await auditOf(lab, "alice")).filter(({ action }) => action === "end")).toHaveLength(1);
    const log = lines(await lab.must("cat /root/one /root/two"));
    expect(log.filter((line) => / ended alice /.test(line))).toHaveLength(1);
    expect(log.filter((line) => /bob|erin/.test(line))).toEqual([]);
    expect(await lab.must("stat -c %a /run/afkill /run/afkill/sweep /root/one")).toBe("755\n700\n600\n");

    // A shorter limit for this pass ends nobody that the policy exempts.
    await lab.must("mkdir /run/afkill/sweep/7-7 /run/afkill/sweep/other");
    const short = await lab.must(`${sweep} --idle-timeout 2s`);
    // What is left of logins that are gone goes, and nothing else.
    const left = lines(await lab.must("ls /run/afkill/sweep"));
    expect(left).toContain("other");
    expect(left).not.toContain("7-7");
    expect(left.filter((name) => /^\d/.test(name))).toHaveLength(2);
    expect(short).toMatch(/^kept erin .*exempt/m);
    expect(isThere("erin")).toBe(true);
  } finally {
    clearInterval(typing);
  }
});

/**
 * Makes all of a login's processes look two hours old: to everybody inside, the text of /proc/PID/stat is now another one. A time
 * namespace cannot do that: it moves a process's start and the clock that its age is counted by alike.
 */
async function ageByTwoHours(user: string): Promise<void> {
  await lab.must(`
    install -d -m 755 /run/faked
    for pid in $(pgrep -u ${user}) $(pgrep -f '^sshd(-session)?: ${user} \\[(priv|postauth)\\]'); do
      ${IN_AN_OLD_HOST} awk '{ $22 -= 7300 * 100; print }' /proc/$pid/stat >/run/faked/$pid
      mount --bind /run/faked/$pid /proc/$pid/stat
    done`);
}

test("of two logins that are two hours old, the one that was typed in a second ago stays", async () => {
  await Promise.all(["dora", "fred"].map((user) => lab.addUser(user)));
  // A limit as on a real host; the notice is short, since a sweep waits for as long.
  await lab.writePolicy('idle_timeout = "15m"\nwarn_before = ["5s"]\n');
  const [dora, fred] = (await Promise.all(["dora", "fred"].map((user) => atPrompt(lab, user)))) as [Ssh, Ssh];
  fred.write("tty\r");
  await fred.waitFor(/^\/dev\/pts\/\d+/m);
  const terminal = /^\/dev\/pts\/\d+/m.exec(fred.screen())?.[0];
  await Promise.all(["dora", "fred"].map(ageByTwoHours));
  // Its last key, too, is from then.
  await lab.must(`touch -a -d '-2 hours' ${terminal}`);
  for (const user of ["dora", "fred"]) {
    const ages = (await lab.must(`${IN_AN_OLD_HOST} ps -o etimes= -u ${user}`))
      .trim()
      .split(/\s+/)
      .map(Number);
    expect(ages).toHaveLength(2);
    expect(Math.min(...ages)).toBeGreaterThan(7200);
  }

  dora.write("echo $((6 * 7))\r");
  await dora.waitFor(/^42$/m);
  const { logins } = JSON.parse(await lab.must(`${IN_AN_OLD_HOST} ${sweep} --dry-run --json`));
  const mine = logins.filter(({ user }: { user: string }) => ["dora", "fred"].includes(user));
  expect(
    Object.fromEntries(mine.map(({ user, action }: { user: string; action: string }) => [user, action])),
  ).toEqual({ dora: "keep", fred: "warn" });
  expect(["dora", "fred"].map(isThere)).toEqual([true, true]);

  const said = await lab.must(`${IN_AN_OLD_HOST} ${sweep}`);
  expect(said).toMatch(/^kept dora .*limit 15 min, .*a key/m);
  expect(said).toMatch(/^ended fred on pts\/\d+ .*idle (2 h|1 h 59 min), limit 15 min/m);
  await fred.exit;
  expect(isThere("fred")).toBe(false);
  dora.write("echo st''ill\r");
  await dora.waitFor(/^still$/m);
  expect((await auditOf(lab, "fred")).at(-1)).toMatchObject({ action: "end", ended: true });
  expect(await auditOf(lab, "dora")).toEqual([]);
});

test("a log file that others could have put there is refused, and a policy that cannot be read is a fault", async () => {
  await lab.must("touch /tmp/real; chmod 666 /tmp/real; ln -s /tmp/real /tmp/link");
  for (const file of ["real", "link"])
    expect(await lab.run(`${sweep} --log /tmp/${file}`)).toMatchObject({ status: 1 });
  expect(await lab.must("cat /tmp/real")).toBe("");
  await lab.writePolicy("idle_timeout = 7\n");
  await atPrompt(lab, "alice");
  const { status, stderr } = await lab.run(sweep);
  expect(status).toBe(1);
  expect(stderr).toContain("alice");
  expect(isThere("alice")).toBe(true);
});
