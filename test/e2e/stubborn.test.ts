// What a user, or an accident, does to the processes of a login does not save it.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { atPrompt, auditWithEnd, expectEndOnTime, policyOfSeconds, SOON, type } from "./support/logins.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ hook: "pam", policy: policyOfSeconds() });
});
afterAll(() => lab.stop());

/** The pid of a user's child sshd, as the lab sees it. */
const childOf = (user: string) =>
  lab.processes().find((it) => it.user === user && it.comm.startsWith("sshd"))?.pid ?? 0;

describe.concurrent("an idle login ends on time", () => {
  test("though its privileged sshd was killed with SIGKILL", async () => {
    await lab.addUser("orphaned");
    const ssh = await atPrompt(lab, "orphaned");
    const child = childOf("orphaned");
    await ssh.waitFor(() => lab.processes().some(({ comm, ppid }) => comm === "sleep" && ppid !== 1));
    // The watchdog has seen both sshds a second after the login.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const parent = lab.processes().find(({ pid }) => pid === child)?.ppid;
    const lastKeyAt = type(ssh, "\r");
    await lab.must(`kill -KILL ${parent}`);
    await expectEndOnTime(ssh, lastKeyAt);
    expect((await auditWithEnd(lab, "orphaned")).at(-1)?.action).toBe("end");
    expect(childOf("orphaned")).toBe(0);
  });

  test("though its user stopped the child sshd", async () => {
    await lab.addUser("stopper");
    const ssh = await atPrompt(lab, "stopper");
    const lastKeyAt = type(ssh, "kill -STOP $PPID\r");
    await expectEndOnTime(ssh, lastKeyAt);
    const end = (await auditWithEnd(lab, "stopper")).at(-1);
    expect(end?.action).toBe("end");
    expect(end?.outcome).toContain("SIGKILL");
    expect(childOf("stopper")).toBe(0);
  });

  test("though its shell traps the signals and is stopped", async () => {
    await lab.addUser("trapper");
    const ssh = await atPrompt(lab, "trapper");
    const lastKeyAt = type(ssh, "trap '' HUP TERM INT; (sleep 1; kill -STOP $$) & \r");
    await expectEndOnTime(ssh, lastKeyAt);
    const left = () => lab.processes().filter((it) => it.user === "trapper" && it.comm === "bash");
    await vi.waitFor(() => expect(left()).toEqual([]), SOON);
  });

  test("though its output is held (Ctrl-S)", async () => {
    await lab.addUser("holder");
    const ssh = await atPrompt(lab, "holder");
    ssh.write("echo ready\r");
    await ssh.waitFor(/^ready/m);
    const lastKeyAt = type(ssh, "cat\r\u0013");
    await expectEndOnTime(ssh, lastKeyAt);
  });
});

test("what the user detached lives on", async () => {
  await lab.addUser("leaver");
  const ssh = await atPrompt(lab, "leaver");
  ssh.write(
    "nohup sleep 4321 >/dev/null 2>&1 & setsid sleep 4322 & tmux -L mine new-session -d 'sleep 4323'\r",
  );
  const lastKeyAt = type(ssh, "\r");
  await expectEndOnTime(ssh, lastKeyAt);
  const left = lab.processes().filter(({ user, comm }) => user === "leaver" && comm === "sleep");
  expect(left.map(({ cmdline }) => cmdline[1]).sort()).toEqual(["4321", "4322", "4323"]);
});
