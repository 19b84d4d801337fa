// Whom a policy means, with real logins: patterns, kinds, ports, numbers and names of hosts, and who is exempt.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { LoginRow } from "../../src/survey/rows.ts";
import { type Lab, startLab } from "../lab/lab.ts";
import { atPrompt, auditOf, auditWithEnd, policyOfSeconds, SOON, type } from "../support/logins.ts";

const MAX_LOGIN_S = 20;

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({
    hook: "pam",
    sshd: "Port 22\nPort 2222",
    policy: `idle_timeout = "off"
warn_before = ["10s"]
[exempt]
users = ["svc_*", "!svc_web"]
groups = ["ops*", "!opsguests"]
max_login = "${MAX_LOGIN_S}s"
[[rule]]
match = { users = ["tight"] }
`,
  });
  const hostname = (await lab.must("hostname")).trim();
  await lab.must("mkdir -p /etc/afkill/afkill.d; groupadd opsteam; groupadd opsguests");
  const rules = {
    "10-port": "ports = [2222]",
    "20-host": 'hosts = ["no-such-host*"]',
    "30-files": 'kinds = ["sftp"], users = ["*", "!other"]',
    "40-tunnel": `kinds = ["tunnel"], hosts = ["!no-such-host", "${hostname.toUpperCase()}"]`,
    "50-command": 'kinds = ["command"], uids = "1000-59999", from = ["0.0.0.0/0", "!10.0.0.0/8"]',
  };
  for (const [name, match] of Object.entries(rules))
    await lab.write(`/etc/afkill/afkill.d/${name}.toml`, `[[rule]]\nmatch = { ${match} }\n`);
  await lab.write(
    "/etc/afkill/afkill.d/60-shell.toml",
    `[[rule]]\nmatch = { kinds = ["shell"], users = ["muxer"] }\n${policyOfSeconds()}`,
  );
  await lab.write(
    "/etc/afkill/afkill.d/00-tight.toml",
    `[[rule]]\nmatch = { users = ["tight"] }\n${policyOfSeconds()}`,
  );
  for (const user of ["anna", "bert", "carl", "dora", "muxer", "tight", "svc_a", "svc_web"])
    await lab.addUser(user);
  await lab.addUser("opsman", { groups: ["opsteam"] });
  await lab.addUser("guest", { groups: ["opsteam", "opsguests"] });
});
afterAll(() => lab?.stop());

/** What `list` says applies to each user. */
async function rulesOf(): Promise<Record<string, string>> {
  const rows: LoginRow[] = JSON.parse(await lab.must("afkill list --json"));
  return Object.fromEntries(rows.map(({ user, rule }) => [user, rule.replace("/etc/afkill/afkill.d/", "")]));
}

const ruleIn = (name: string) => `rule 1, ${name}.toml:1`;

test("each login has the rule that its kind, port, number and host ask for; check and explain say the same", async () => {
  await atPrompt(lab, "anna", ["-p", "2222"]);
  lab.spawn("sleep 1000 | sftp -q -b - bert@lab");
  lab.ssh("carl", ["-N"]);
  lab.ssh("dora", ["-T"], "sleep 1000");
  await atPrompt(lab, "svc_web");
  await atPrompt(lab, "opsman");
  await atPrompt(lab, "guest");
  await vi.waitFor(async () => {
    expect(await rulesOf()).toMatchObject({
      anna: ruleIn("10-port"),
      bert: ruleIn("30-files"),
      carl: ruleIn("40-tunnel"),
      dora: ruleIn("50-command"),
      svc_web: "top level",
      opsman: "exempt: group ops*",
      guest: "top level",
    });
  }, SOON);

  expect(await lab.must("afkill config check")).toMatch(
    /20-host\.toml:2:11: rule\[1\]\.match\.hosts: warning: this host is .*, so the rule matches nobody here\n/,
  );
  const said = async (words: string) => JSON.parse(await lab.must(`afkill explain --json ${words}`));
  expect((await said("dora --kind command --from 192.0.2.1")).rule).toMatchObject({
    file: "/etc/afkill/afkill.d/50-command.toml",
  });
  expect((await said("dora --kind command --from 10.0.0.1")).rule).toBeNull();
  expect((await said("anna --port 2222")).rule.file).toContain("10-port");
  expect((await said("anna --host no-such-host9")).rule.file).toContain("20-host");
  expect((await said("root --kind command --from 192.0.2.1")).rule).toBeNull();
  expect((await lab.run("afkill explain anna --kind scp")).status).toBe(2);
  expect((await lab.run("afkill explain anna --port 0")).status).toBe(2);
  expect(await lab.must("afkill config show")).toContain("The rules are tried in this order.");
});

test("a tunnel in which a shell opens is judged as a shell from then on", async () => {
  lab.ssh("muxer", ["-M", "-S", "/tmp/muxer", "-N"]);
  await vi.waitFor(async () => expect((await rulesOf()).muxer).toBe(ruleIn("40-tunnel")), SOON);
  const ssh = lab.ssh("muxer", ["-S", "/tmp/muxer"]);
  await ssh.waitFor(/[$] ?$/m);
  expect((await rulesOf()).muxer).toBe(ruleIn("60-shell"));
  const audit = await auditWithEnd(lab, "muxer");
  expect(audit.map(({ action, kind }) => [action, kind])).toEqual([
    ["notice", "shell"],
    ["notice", "shell"],
    ["end", "shell"],
  ]);
  expect(audit.at(-1)?.rule).toContain("60-shell");
});

test("a drop-in tightens what the main file says", async () => {
  type(await atPrompt(lab, "tight"), "\r");
  const audit = await auditWithEnd(lab, "tight");
  expect(audit.at(-1)?.rule).toContain("00-tight.toml");
});

test("a login that a pattern exempts ends when it is as old as max_login, with a notice, and not before", async () => {
  const ssh = await atPrompt(lab, "svc_a");
  const began = performance.now();
  const typing = setInterval(() => ssh.write(" "), 1000);
  expect((await rulesOf()).svc_a).toBe("exempt: user svc_*");
  const audit = await auditWithEnd(lab, "svc_a");
  clearInterval(typing);
  expect((performance.now() - began) / 1000).toBeGreaterThan(MAX_LOGIN_S - 10);
  expect(audit.map(({ action, cause }) => [action, cause])).toEqual([
    ["notice", "max_login"],
    ["end", "max_login"],
  ]);
  expect(await auditOf(lab, "svc_web")).toEqual([]);
});
