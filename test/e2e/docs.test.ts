// What the documentation shows of commands that need logins is what they print.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { blocksOf, expectShown, SHOWN_WITH_LOGINS, shownOutputs } from "../support/docs.ts";
import { atPrompt, SOON } from "../support/logins.ts";

/** The policy that docs/policy.md calls its example, with a short limit for bob, who is to be warned soon. */
function examplePolicy(): string {
  const found = blocksOf("docs/policy.md").find(({ text }) => text.includes('"bob"'));
  const policy = found?.text.replace('idle_timeout = "5m"', 'idle_timeout = "150s"');
  expect(policy).toContain('idle_timeout = "150s"');
  return policy ?? "";
}

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ hook: "pam", pamLine: true, policy: examplePolicy() });
  for (const user of ["alice", "bob", "dave"]) await lab.addUser(user);
  await lab.addUser("carol", { groups: ["noidle"] });
});
afterAll(() => lab?.stop());

/** Runs a command as root and compares what it prints with what a page shows. */
async function compare(command: string): Promise<void> {
  const shown = shownOutputs().find((it) => it.command === command);
  if (!shown) throw new Error(`no page shows ${command}`);
  const { stdout, stderr } = await lab.run(command.replace("sudo ", ""));
  expectShown(shown, stdout + stderr);
}

test("each output is what the command prints", async () => {
  const left = new Set(SHOWN_WITH_LOGINS);
  const next = async (command: string) => {
    expect(left.delete(command), command).toBe(true);
    await compare(command);
  };
  // In this order: list shows the oldest login first.
  const alice = await atPrompt(lab, "alice");
  alice.write("vim notes\r");
  await alice.waitFor(() => lab.processes().some(({ comm }) => comm === "vim"), 60_000);
  await atPrompt(lab, "bob");
  await atPrompt(lab, "carol");
  const dave = await atPrompt(lab, "dave");
  await vi.waitFor(async () => expect((await lab.audit()).map(({ action }) => action)).toContain("notice"), {
    timeout: 150_000,
    interval: 500,
  });
  dave.write(" ");
  await lab.must("until afkill list --user dave | grep -q active; do sleep 0.2; done");

  await next("sudo afkill list");
  await next("sudo afkill tree alice");
  await next("sudo afkill doctor");
  await next("afkill config show");
  await next("afkill explain bob --from 203.0.113.7");
  await next("sudo afkill log --action notice");
  await next("sudo afkill sshd apply --dry-run");

  const { sshdPid } = JSON.parse(await lab.must("afkill list --json --user dave"))[0];
  await lab.must(`pkill -KILL -f '^/bin/sh -p /usr/lib/afkill/watchdog ${sshdPid}$'`);
  await vi.waitFor(
    async () => expect(await lab.must("afkill list --user dave")).toContain("no watchdog"),
    SOON,
  );
  await next("sudo afkill sweep --dry-run");
  await next("sudo afkill end --yes --notice 3s alice");
  expect([...left]).toEqual([]);
});
