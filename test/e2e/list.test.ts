// What `afkill list` tells of real logins of every kind.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { LoginRow, SubjectRow } from "../../src/survey/rows.ts";
import { type Lab, type Ssh, startLab } from "../lab/lab.ts";
import { atPrompt, SOON } from "../support/logins.ts";

const POLICY = `
idle_timeout = "10m"
warn_before = ["5m"]
[exempt]
users = ["erin"]
[[rule]]
match = { users = ["walter"] }
idle_timeout = "100s"
warn_before = ["90s"]
`;

let lab: Lab;
const began = performance.now();

/** One run of the command, as rows by user. */
async function list(flags = ""): Promise<Map<string, LoginRow>> {
  const rows: LoginRow[] = JSON.parse(await lab.must(`afkill list --json ${flags}`));
  expect(new Set(rows.map(({ user }) => user)).size).toBe(rows.length);
  return new Map(rows.map((row) => [row.user, row]));
}

/** Logs in and starts a program there; `keys` end with Enter where they need it. */
async function inProgram(user: string, keys: string, name: string): Promise<Ssh> {
  const ssh = await atPrompt(lab, user);
  ssh.write(keys);
  await ssh.waitFor(() => lab.processes().some((it) => it.comm === name), 60_000);
  return ssh;
}

function only(row: LoginRow | undefined): SubjectRow {
  expect(row?.subjects).toHaveLength(1);
  return row?.subjects[0] as SubjectRow;
}

const USERS = [
  "anna",
  "bert",
  "carl",
  "dora",
  "erin",
  "fred",
  "gina",
  "hugo",
  "ivan",
  "jane",
  "kurt",
  "walter",
];

beforeAll(async () => {
  lab = await startLab({ policy: POLICY, hook: "pam" });
  for (const user of USERS) await lab.addUser(user, { sudo: user === "dora" });
});
afterAll(() => lab?.stop());

test("twelve logins of every kind: idle time, state and foreground program", async () => {
  await lab.must("head -c 20M /dev/zero >/home/gina/file; chown gina /home/gina/file");
  const [idle, typist] = await Promise.all([
    atPrompt(lab, "ivan"),
    atPrompt(lab, "hugo"),
    atPrompt(lab, "anna"),
    inProgram("bert", "vim notes\r", "vim"),
    inProgram("carl", "top\r", "top"),
    inProgram("dora", "sudo sleep 1000\r", "sleep"),
    atPrompt(lab, "erin"),
    inProgram("kurt", "tmux\r", "tmux: client"),
    atPrompt(lab, "walter"),
  ]);
  // Two terminals over one connection, a copy, and a connection that only forwards.
  const master = lab.ssh("fred", ["-M", "-S", "/tmp/fred"]);
  await master.waitFor(/[$] ?$/m);
  const second = lab.ssh("fred", ["-S", "/tmp/fred"]);
  await second.waitFor(/[$] ?$/m);
  second.write("less /etc/login.defs\r");
  lab.spawn("scp -O -l 800 gina@lab:/home/gina/file /dev/null");
  lab.spawn("ssh -N -L 9999:localhost:22 jane@lab");
  await vi.waitFor(() => expect(lab.processes().some(({ comm }) => comm === "scp")).toBe(true), SOON);
  await master.waitFor(() => lab.processes().some(({ comm }) => comm === "less"));

  // Typing goes on in one; another was last typed in now; walter's is warned ten seconds after his last key.
  const typing = setInterval(() => typist.write(" "), 1000);
  idle.write("date +last=%s\r");
  await idle.waitFor(/^last=(\d+)/m);
  const lastKeyS = Number(/^last=(\d+)/m.exec(idle.screen())?.[1]);
  const [dog] = lab.processes().filter(({ cmdline }) => cmdline.includes("/usr/lib/afkill/watchdog"));
  expect(dog).toBeDefined();

  await vi.waitFor(async () => expect((await list()).get("walter")?.state).toBe("warned"), {
    timeout: 90_000,
    interval: 1000,
  });
  // The watchdog of anna's login is killed.
  const anna = (await list()).get("anna") as LoginRow;
  await lab.must(`pkill -KILL -f '^/bin/sh -p /usr/lib/afkill/watchdog ${anna.sshdPid}$'`);
  const rows = await list();
  clearInterval(typing);
  const nowS = Number(await lab.must("date +%s"));

  expect([...rows.keys()].sort()).toEqual([...USERS].sort());
  const states = Object.fromEntries([...rows].map(([user, { state }]) => [user, state]));
  expect(states).toMatchObject({
    anna: "no watchdog",
    erin: "exempt",
    hugo: "active",
    gina: "active",
    walter: "warned",
  });
  for (const [user, { watchdog, client, loginTime, own, fault }] of rows) {
    expect({ user, watchdog, client, own, fault }).toEqual({
      user,
      watchdog: user === "anna" ? null : "root",
      client: "127.0.0.1",
      own: false,
      fault: null,
    });
    expect(Math.abs(Date.parse(loginTime) / 1000 - nowS)).toBeLessThan(
      (performance.now() - began) / 1000 + 5,
    );
  }
  const programs = (user: string) => rows.get(user)?.subjects.map(({ foreground }) => foreground?.name);
  expect(programs("anna")).toEqual(["bash"]);
  expect(programs("bert")).toEqual(["vim"]);
  expect(programs("carl")).toEqual(["top"]);
  expect(programs("dora")).toEqual(["sleep"]);
  expect(programs("kurt")).toEqual(["tmux: client"]);
  expect(programs("fred")?.sort()).toEqual(["bash", "less"]);
  expect(only(rows.get("gina"))).toMatchObject({ terminal: null, limitSeconds: null });

  const ivan = only(rows.get("ivan"));
  const wasIdleS = nowS - lastKeyS;
  expect(wasIdleS).toBeGreaterThan(8);
  expect(ivan.idleSeconds).toBeGreaterThanOrEqual(wasIdleS - 9);
  expect(ivan.idleSeconds).toBeLessThanOrEqual(wasIdleS + 1);
  expect((ivan.idleSeconds ?? 0) + (ivan.leftSeconds ?? 0)).toBeGreaterThanOrEqual(599);
  expect(ivan).toMatchObject({ limitSeconds: 600, evidence: expect.stringContaining("last key") });
  expect(only(rows.get("hugo")).idleSeconds).toBeLessThan(3);
});

test("under a policy with a mistake the last good one holds, as it does for the watchdogs", async () => {
  await using lab = await startLab({ policy: 'idle_timeout = "10m"\n', hook: "pam" });
  await lab.addUser("anna");
  const ssh = await atPrompt(lab, "anna");
  const rows = async (): Promise<LoginRow[]> => JSON.parse(await lab.must("afkill list --json"));
  await vi.waitFor(() => lab.must("grep -q lastGood /run/afkill/*/memory.json"), SOON);
  await lab.writePolicy('idle_timeout = "10"\n');
  const [anna] = await rows();
  expect(anna?.state).not.toBe("exempt");
  expect(anna?.fault).toContain("/etc/afkill/afkill.toml:1:");
  expect(anna?.subjects[0]?.limitSeconds).toBe(600);
  expect(anna?.subjects[0]?.leftSeconds).toBeGreaterThan(500);
  ssh.kill();
  await ssh.exit;
});

test("believes no titles, counts nobody who has not logged in, and finds a login whose privileged sshd was killed", async () => {
  await using lab = await startLab({ hook: "pam" });
  for (const user of ["anna", "evil"]) await lab.addUser(user, { sudo: user === "evil" });
  const rows = async (): Promise<LoginRow[]> => JSON.parse(await lab.must("afkill list --json"));
  const [anna, evil] = await Promise.all([atPrompt(lab, "anna"), atPrompt(lab, "evil")]);
  // A program called sshd with the title of one, as its user and as root; and a client that never logs in.
  await lab.must("cp /usr/bin/sleep /home/evil/sshd; chown evil /home/evil/sshd");
  const fake = "exec -a 'sshd: root@pts/9' /home/evil/sshd 1000";
  evil.write(`bash -c "${fake}" & sudo bash -c "${fake}" & cat </dev/tcp/127.0.0.1/22 & echo started\r`);
  const fakes = () =>
    lab.processes().filter(({ comm, cmdline }) => comm === "sshd" && cmdline[0] === "sshd: root@pts/9");
  await evil.waitFor(() => fakes().length === 2);
  expect(new Set(fakes().map(({ user }) => user))).toEqual(new Set(["evil", "root"]));
  await evil.waitFor(() =>
    lab.processes().some(({ cmdline }) => /^sshd(-session)?: \[accepted\]/.test(cmdline[0] ?? "")),
  );
  const before = await rows();
  expect(before.map(({ user }) => user).sort()).toEqual(["anna", "evil"]);

  const privileged = before.find(({ user }) => user === "anna")?.sshdPid ?? 0;
  await lab.must(`kill -KILL ${privileged}`);
  await anna.waitFor(() => lab.processes().every(({ pid }) => pid !== privileged));
  const orphan = (await rows()).find(({ user }) => user === "anna");
  expect(orphan?.sshdPid).toBeGreaterThan(0);
  expect(orphan?.sshdPid).not.toBe(privileged);
  expect(orphan?.subjects.map(({ terminal }) => terminal)).toEqual([expect.stringMatching(/^pts/)]);
  anna.write("echo al''ive\r");
  await anna.waitFor(/^alive/m);
});
