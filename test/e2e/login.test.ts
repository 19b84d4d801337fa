import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { Login } from "../../src/login/login.ts";
import type { Terminal } from "../../src/login/terminal.ts";
import { type Lab, startLab } from "../lab/lab.ts";
import { bookworm, releases } from "../lab/release.ts";
import { atPrompt, SOON } from "../support/logins.ts";

interface Found {
  readonly login: Login;
  readonly terminals: Terminal[];
  readonly jobs: string[][];
}

/** Finds a login inside the lab; `null` when it is gone. Rejects with what the finder says. */
async function find(
  lab: Lab,
  { privileged = "", child = "", connection = "", as = "root" },
): Promise<Found | null> {
  const script = join(lab.checkout, "test/support/find.ts");
  const command = `'${lab.node}' --no-warnings '${script}' '${privileged}' '${child}' '${connection}'`;
  return JSON.parse(await lab.must(command, { user: as })) as Found | null;
}

/** The pid, inside the lab, of the sshd with that title. */
async function sshd(lab: Lab, title: string): Promise<string> {
  return vi.waitFor(async () => (await lab.must(`pgrep -fx 'sshd(-session)?: ${title}'`)).trim(), SOON);
}

/** Without what a terminal is opened by: the masters, which root alone may ask for. */
const byName = (found: Found | null) =>
  JSON.parse(JSON.stringify(found, (key, value) => (key === "master" ? undefined : value)));

const word = (ref: { pid: number; startTicks: number } | undefined) => `${ref?.pid}:${ref?.startTicks}`;

test("a user's login: both its sshds, who it is, where it comes from, and the terminal inside its terminal", async () => {
  await using lab = await startLab();
  await lab.addUser("visitor", { sudo: true });
  const ssh = await atPrompt(lab, "visitor");
  const privileged = await sshd(lab, "visitor \\[(priv|postauth)\\]");
  ssh.write("sudo script -qc 'exec sleep 1000' /dev/null\r");
  const found = await vi.waitFor(async () => {
    const seen = await find(lab, { privileged });
    expect(seen?.jobs).toEqual([["sleep"]]);
    return seen as Found;
  }, SOON);
  const uid = Number(await lab.must("id -u visitor"));
  expect(found.login).toMatchObject({ user: "visitor", uid, privileged: { pid: Number(privileged) } });
  expect(found.login.child?.pid).toBe(Number(await sshd(lab, "visitor@pts/[0-9]+")));
  expect(found.login.server).toEqual(found.login.child);
  expect(found.login.client?.serverPort).toBe(22);

  // Not a later process with that pid, and not the wrong one of the two.
  const child = `${found.login.child?.pid}`;
  expect(await find(lab, { privileged: `${privileged}:1` })).toBeNull();
  expect(await find(lab, { child: `${child}:1` })).toBeNull();
  expect(await find(lab, { privileged: child })).toBeNull();
  expect(await find(lab, { child: privileged })).toBeNull();

  // Its user sees all of it but the connection, which is then taken from the environment if it is there.
  const theirs = await find(lab, { privileged, as: "visitor" });
  expect(byName(theirs)).toEqual(byName({ ...found, login: { ...found.login, client: undefined } }));
  const connection = "192.0.2.1 40000 192.0.2.2 22";
  expect((await find(lab, { privileged, connection, as: "visitor" }))?.login.client?.address).toBe(
    "192.0.2.1",
  );
  // Root believes the socket.
  expect((await find(lab, { privileged, connection }))?.login.client).toEqual(found.login.client);
});

test("a login whose privileged sshd was killed is found by the other, and gone with it", async () => {
  await using lab = await startLab();
  await lab.addUser("visitor");
  const ssh = await atPrompt(lab, "visitor");
  const privileged = await sshd(lab, "visitor \\[(priv|postauth)\\]");
  const before = await find(lab, { privileged });
  const known = { privileged: word(before?.login.privileged), child: word(before?.login.child) };
  await lab.must(`kill -9 ${privileged}`);
  const after = await vi.waitFor(async () => {
    const seen = await find(lab, known);
    expect(seen?.login.privileged).toBeUndefined();
    return seen;
  }, SOON);
  expect(after?.login).toMatchObject({
    user: "visitor",
    child: before?.login.child,
    client: before?.login.client,
  });
  expect(after?.terminals.map(({ id }) => id)).toEqual(before?.terminals.map(({ id }) => id));
  ssh.write("echo still here $((40+2))\r");
  await ssh.waitFor(/still here 42/);
  await lab.must(`kill -9 ${before?.login.child?.pid}`);
  await ssh.exit;
  await vi.waitFor(async () => expect(await find(lab, known)).toBeNull(), SOON);
});

test.concurrent.each(releases)(
  "a root login has a child sshd or none, with and without a terminal: $name",
  async (release) => {
    await using lab = await startLab({ release });
    await atPrompt(lab, "root");
    const hasChild = release !== bookworm;
    const privileged = await sshd(lab, hasChild ? "root \\[(priv|postauth)\\]" : "root@pts/[0-9]+");
    const found = await find(lab, { privileged });
    expect(found?.login).toMatchObject({ user: "root", uid: 0, privileged: { pid: Number(privileged) } });
    const serving = Number(await sshd(lab, "root@pts/[0-9]+"));
    expect(found?.login.child?.pid).toBe(hasChild ? serving : undefined);
    expect(found?.login.server.pid).toBe(serving);
    expect(found?.jobs).toEqual([["bash"]]);

    lab.ssh("root", ["-N"]);
    const silent = await find(lab, { privileged: await sshd(lab, "root") });
    expect(silent?.login).toMatchObject({ user: "root", uid: 0 });
    expect(silent?.terminals).toEqual([]);
  },
);

test("the sshd that listens is nobody's login", async () => {
  await using lab = await startLab();
  await lab.addUser("visitor");
  await atPrompt(lab, "visitor");
  const listener = (await lab.must("pgrep -f '\\[listener\\]'")).trim();
  await expect(find(lab, { privileged: listener })).rejects.toThrow(
    "expected the title of an authenticated login",
  );
});
