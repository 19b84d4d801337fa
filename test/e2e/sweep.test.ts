// `afkill sweep` on logins that have no watchdog: it goes by idleness, not by the age of their sshd.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { atPrompt, auditOf, LIMIT_S, policyOfSeconds } from "./support/logins.ts";

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
    expect(said).toContainEqual(expect.stringMatching(/^left alice .* to another sweep$/));
    expect(said).toContainEqual(expect.stringMatching(/^kept bob .*a key/));
    expect(said).toContainEqual(expect.stringMatching(/^kept erin .*exempt/));
    expect(["alice", "bob", "erin"].map(isThere)).toEqual([false, true, true]);
    expect((await auditOf(lab, "alice")).filter(({ action }) => action === "end")).toHaveLength(1);
    const log = lines(await lab.must("cat /root/one /root/two"));
    expect(log.filter((line) => / ended alice /.test(line))).toHaveLength(1);
    expect(log.filter((line) => /bob|erin/.test(line))).toEqual([]);
    expect(await lab.must("stat -c %a /run/afkill /run/afkill/sweep /root/one")).toBe("755\n700\n600\n");

    // A shorter limit for this pass ends nobody that the policy exempts.
    const short = await lab.must(`${sweep} --idle-timeout 2s`);
    expect(short).toMatch(/^kept erin .*exempt/m);
    expect(isThere("erin")).toBe(true);
  } finally {
    clearInterval(typing);
  }
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
