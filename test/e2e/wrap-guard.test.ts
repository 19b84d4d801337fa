// What keeps a wrapped login, and what ends it: the same rules as for any other, with a person told from a terminal.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Lab, Ssh } from "../lab/lab.ts";
import {
  aliveAfter,
  atPrompt,
  expectEndOnTime,
  LIMIT_S,
  policyOfSeconds,
  SOON,
  type,
} from "../support/logins.ts";
import { startWrapLab } from "../support/wrap.ts";

/** More than a limit and what may come on top of it. */
const LONG_S = LIMIT_S + 15;
const BAR = /^afkill: closes in \d+ s/m;
/** Asks for the cursor's position, the kind of terminal and its background every second, and takes the answers. */
const ASKER = `
import os, select, sys, time, tty
tty.setraw(0)
print("asks", flush=True)
while True:
    os.write(1, b"\\x1b[6n\\x1b[c\\x1b]11;?\\x07\\x1b[?1004h")
    again = time.monotonic() + 1
    while select.select([0], [], [], max(0, again - time.monotonic()))[0]:
        if b"Q" in os.read(0, 4096): sys.exit()
`;
const reloaded = (limit: string) => `[[rule]]\nmatch = { users = ["reloaded"] }\nidle_timeout = "${limit}"\n`;
const policy = (limit: string) =>
  policyOfSeconds(
    `max_stay = "1h"\n[[rule]]\nmatch = { users = ["old"] }\nmax_login = "25s"\n${reloaded(limit)}`,
  );

let lab: Lab;
beforeAll(async () => {
  lab = await startWrapLab(policy("1h"));
  await lab.write("/tmp/asker.py", ASKER);
});
afterAll(() => lab?.stop());

async function login(user: string, options: readonly string[] = []): Promise<Ssh> {
  await lab.addUser(user);
  return atPrompt(lab, user, options);
}

/** Starts the program that asks, and sends what this emulator does not answer: the background, and the focus coming and going. */
async function chatter(user: string): Promise<{ ssh: Ssh; lastKeyAt: number }> {
  const ssh = await login(user);
  const lastKeyAt = type(ssh, "python3 /tmp/asker.py\r");
  await ssh.waitFor(/^asks/m);
  const timer = setInterval(() => ssh.write("\x1b]11;rgb:1e1e/1e1e/1e1e\x07\x1b[O\x1b[I"), 1000);
  void ssh.exit.then(() => clearInterval(timer));
  return { ssh, lastKeyAt };
}

/** Types a letter every other second until told to stop; returns when the last was typed. */
function keepTyping(ssh: Ssh): () => number {
  let at = type(ssh, "x");
  const timer = setInterval(() => {
    at = type(ssh, "x");
  }, 2000);
  void ssh.exit.then(() => clearInterval(timer));
  return () => {
    clearInterval(timer);
    return at;
  };
}

describe.concurrent("a wrapped login", () => {
  test("is not kept by what its terminal answers every second", async () => {
    const { ssh, lastKeyAt } = await chatter("asker");
    await expectEndOnTime(ssh, lastKeyAt);
    // The answers did come.
    expect(ssh.output.split("\x1b[6n").length).toBeGreaterThan(5);
  });

  test("is kept by one key among such answers", async () => {
    const { ssh } = await chatter("keyed");
    await ssh.waitFor(BAR);
    const keyAt = type(ssh, "k");
    await ssh.waitFor(() => !BAR.test(ssh.screen()));
    await expectEndOnTime(ssh, keyAt);
  });

  test("with two terminals loses the idle one alone, and ends with the last", async () => {
    const path = "/tmp/master";
    const first = await login("double", ["-tt", "-o", "ControlMaster=yes", "-o", `ControlPath=${path}`]);
    const stop = keepTyping(first);
    const second = await atPrompt(lab, "double", ["-tt", "-o", `ControlPath=${path}`]);
    const lastKeyAt = type(second, "x");
    await expectEndOnTime(second, lastKeyAt);
    expect(await aliveAfter(first, 5)).toBe(true);
    await expectEndOnTime(first, stop());
    await first.waitFor(() => !lab.processes().some(({ user }) => user === "double"));
  });

  test("is kept by work on the terminal inside", async () => {
    const ssh = await login("worker");
    ssh.write("sh -c 'while :; do seq 500000 >/dev/null; sleep 0.2; done'\r");
    expect(await aliveAfter(ssh, LONG_S)).toBe(true);
    ssh.kill();
  });

  test("stays where its user asks for it", async () => {
    const ssh = await login("stayer");
    ssh.write("afkill stay 1h\r");
    await ssh.waitFor(/your login stays until \d\d:\d\d/);
    expect(await aliveAfter(ssh, LONG_S)).toBe(true);
    expect(ssh.output).not.toMatch(/afkill: closes/);
    ssh.kill();
  });

  test("stays while a command runs under afkill run, and has its status", async () => {
    const ssh = await login("runner");
    ssh.write(`afkill run -- sh -c 'sleep ${LONG_S}; exit 23'; echo status=$?\r`);
    await ssh.waitFor(/^status=23/m);
    expect(ssh.output).not.toMatch(/afkill: closes/);
    ssh.kill();
  });

  test("goes by a new policy at once", async () => {
    const ssh = await login("reloaded");
    const lastKeyAt = type(ssh, "x");
    expect(await aliveAfter(ssh, 5)).toBe(true);
    await lab.writePolicy(policy(`${LIMIT_S}s`));
    await expectEndOnTime(ssh, lastKeyAt);
  });

  test("ends at max_login, whoever types", async () => {
    const began = performance.now();
    const ssh = await login("old");
    keepTyping(ssh);
    await ssh.exit;
    expect(performance.now() - began).toBeGreaterThanOrEqual(24_000);
    await vi.waitFor(
      async () => expect(await lab.syslog()).toMatch(/action=end user=old .*cause=max_login/),
      SOON,
    );
  });
});
