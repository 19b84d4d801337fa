// Work keeps a login, well past its limit; what only looks like work does not.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import {
  aliveAfter,
  atPrompt,
  auditOf,
  auditWithEnd,
  expectEndOnTime,
  LIMIT_S,
  policyOfSeconds,
  type,
} from "./support/logins.ts";

const LONG_S = 2.5 * LIMIT_S;
/** Compiles nothing, but like a build: short processes that use the CPU, one after the other. */
const BUILD = `while :; do sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'; sleep 0.2; done`;

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({
    hook: "pam",
    policy: `${policyOfSeconds()}
[[rule]]
match = { users = ["overworked"] }
busy_max = "15s"
[[rule]]
match = { users = ["watcher"] }
activity = ["input", "output"]
[[rule]]
match = { users = ["tunnelled"] }
no_terminal = "20s"
`,
  });
  await lab.write("/usr/local/bin/build", `#!/bin/sh\n${BUILD}\n`, 0o755);
});
afterAll(() => lab.stop());

describe.concurrent("a login lives", () => {
  test.each([
    { name: "builder", command: "build" },
    { name: "rootbuilder", command: "sudo build" },
    { name: "scripted", command: "script -qc build /dev/null" },
    { name: "copier", command: "(while :; do head -c 100000 /dev/zero; sleep 1; done) > copy" },
  ])("while $command runs in the foreground", async ({ name, command }) => {
    await lab.addUser(name, { sudo: true });
    const ssh = await atPrompt(lab, name);
    ssh.write(`${command}\r`);
    expect(await aliveAfter(ssh, LONG_S)).toBe(true);
    ssh.write("\u0003");
    const lastKeyAt = type(ssh, "\r");
    await expectEndOnTime(ssh, lastKeyAt);
    expect((await auditWithEnd(lab, name)).at(-1)?.action).toBe("end");
  });

  test("while a port forwarded through it is used with short connections, and ends once it is not", async () => {
    await lab.addUser("forwarder");
    await lab.write(
      "/root/echo.mjs",
      `import { createServer } from "node:net"; createServer((s) => s.pipe(s)).listen(7000, "127.0.0.1");`,
    );
    lab.spawn(`${lab.node} /root/echo.mjs`);
    const ssh = await atPrompt(lab, "forwarder", ["-L", "7001:127.0.0.1:7000"]);
    ssh.write("\r");
    lab.spawn(
      `${lab.node} -e 'setInterval(() => { const s = require("net").connect(7001, "127.0.0.1"); s.on("error", () => {}); s.end(Buffer.alloc(700)); s.resume(); }, 2000)'`,
    );
    expect(await aliveAfter(ssh, LONG_S)).toBe(true);
    await lab.run("pkill -f '[s]etInterval'");
    await ssh.exit;
    expect(ssh.output).toContain("closed by remote host");
  });

  test("while a trickling upload goes through it beside an idle terminal", async () => {
    await lab.addUser("uploader");
    const ssh = await atPrompt(lab, "uploader", ["-M", "-S", "/root/up.sock"]);
    ssh.write("\r");
    const upload = lab.run(
      "(for i in $(seq 50); do head -c 2000 /dev/urandom; sleep 1; done) | ssh -S /root/up.sock uploader@lab 'cat > received'",
      { timeoutMs: 120_000 },
    );
    expect(await aliveAfter(ssh, 2 * LIMIT_S + 5)).toBe(true);
    expect((await upload).status).toBe(0);
    expect(await lab.must("wc -c < /home/uploader/received")).toMatch(/^100000/);
    ssh.kill();
  });

  test("with output on its terminal where the policy counts it", async () => {
    await lab.addUser("watcher");
    const ssh = await atPrompt(lab, "watcher");
    ssh.write("while :; do date; sleep 3; done\r");
    expect(await aliveAfter(ssh, LONG_S)).toBe(true);
    ssh.write("\u0003");
    const lastKeyAt = type(ssh, "\r");
    await expectEndOnTime(ssh, lastKeyAt);
  });

  test("without a terminal until its command ends, with the command's own status", async () => {
    await lab.addUser("remote");
    const ran = await lab.run("ssh remote@lab 'sleep 60; exit 23'", { timeoutMs: 120_000 });
    expect(ran).toEqual({ status: 23, stdout: "", stderr: "" });
  });
});

describe.concurrent("a login ends", () => {
  test("when its forwarded port is not used", async () => {
    await lab.addUser("unused");
    const ssh = await atPrompt(lab, "unused", ["-L", "7002:127.0.0.1:7000", "-o", "ServerAliveInterval=2"]);
    await expectEndOnTime(ssh, type(ssh, "\r"));
  });

  test("when it works longer than busy_max after the last key", async () => {
    await lab.addUser("overworked");
    const ssh = await atPrompt(lab, "overworked");
    ssh.write("build\r");
    await ssh.waitFor(/closes in/, 90_000);
    await ssh.exit;
    const end = (await auditWithEnd(lab, "overworked")).at(-1);
    expect(end?.action).toBe("end");
    expect(end?.lastActivity).toMatch(/^busy: /);
  });

  test("under a no_terminal limit when it neither works nor moves anything", async () => {
    await lab.addUser("tunnelled");
    const ssh = lab.ssh("tunnelled", ["-N"]);
    await ssh.exit;
    expect(ssh.output).toContain("closed by remote host");
    expect((await auditWithEnd(lab, "tunnelled")).at(-1)).toMatchObject({ action: "end", terminals: [] });
  });
});

describe.concurrent("of two terminals over one connection", () => {
  test("the idle one ends and the other lives on", async () => {
    await lab.addUser("twofold");
    const master = await atPrompt(lab, "twofold", ["-M", "-S", "/root/two.sock"]);
    const typing = setInterval(() => master.write("x"), 3000);
    const second = await atPrompt(lab, "twofold", ["-S", "/root/two.sock"]);
    const lastKeyAt = type(second, "\r");
    await expectEndOnTime(second, lastKeyAt);
    expect(second.output).toMatch(/afkill: .* closed at/);
    expect(await aliveAfter(master, LIMIT_S)).toBe(true);
    expect(master.output).not.toContain("afkill");
    clearInterval(typing);
    const actions = (await auditOf(lab, "twofold")).map(({ action }) => action);
    expect(actions).toEqual(["notice", "notice", "hang-up"]);
    master.kill();
  });

  test("the master's own can be the idle one", async () => {
    await lab.addUser("mastered");
    const master = await atPrompt(lab, "mastered", ["-M", "-S", "/root/master.sock"]);
    const second = await atPrompt(lab, "mastered", ["-S", "/root/master.sock"]);
    const typing = setInterval(() => second.write("x"), 3000);
    master.write("\r");
    await master.waitFor(/afkill: .* closed at/);
    expect(await aliveAfter(second, LIMIT_S)).toBe(true);
    clearInterval(typing);
    expect((await auditOf(lab, "mastered")).at(-1)?.action).toBe("hang-up");
    second.kill();
    master.kill();
  });
});
