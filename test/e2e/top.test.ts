// `afkill top` on a real terminal, read from its screen.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { inside } from "../lab/inside.ts";
import { type Lab, type Ssh, startLab } from "../lab/lab.ts";
import { openTerminal } from "../lab/ssh.ts";
import { aliveAfter, atPrompt, auditOf, auditWithEnd, SOON } from "../support/logins.ts";

const POLICY = `
idle_timeout = "10m"
warn_before = ["5m"]
[[rule]]
match = { users = ["zoe"] }
idle_timeout = "1h"
[[rule]]
match = { users = ["nora"] }
idle_timeout = "40s"
warn_before = ["5s"]
activity = ["input", "output"]
`;

let lab: Lab;

beforeAll(async () => {
  lab = await startLab({ policy: POLICY, hook: "pam" });
  for (const user of ["anna", "mike", "nora", "zoe"]) await lab.addUser(user);
});
afterAll(() => lab?.stop());

/** The live view of an administrator at the console of the lab. */
function top(size: { cols: number; rows: number }, ...env: string[]): Ssh {
  return openTerminal(["nsenter", ...inside(lab.pid), "env", ...env, "afkill", "top"], size, lab.report);
}

/** What is seen of the screen: after it has narrowed, xterm keeps what stood beyond its edge. */
function seen({ screen, terminal }: Ssh): string {
  return screen().replace(/^.*$/gm, (line) => line.slice(0, terminal.cols).trimEnd());
}

/** The users in the order of the screen. */
function usersOn(view: Ssh): string[] {
  return seen(view)
    .split("\n")
    .flatMap((line) => /^[> ] (anna|mike|zoe)\b/.exec(line)?.[1] ?? []);
}

async function waitForUsers(view: Ssh, ...users: string[]): Promise<void> {
  await view.waitFor(() => usersOn(view).join() === users.join());
}

test("sorts, filters, resizes, sends a notice, ends a login, and leaves the terminal as it was", async () => {
  const zoe = await atPrompt(lab, "zoe");
  const anna = await atPrompt(lab, "anna");
  const mike = await atPrompt(lab, "mike");
  const view = top({ cols: 200, rows: 24 });
  await waitForUsers(view, "zoe", "anna", "mike");
  expect(view.terminal.buffer.active.type).toBe("alternate");
  expect(view.screen()).toMatch(/TERMINAL.*TIME LEFT.*EVIDENCE/);
  expect(view.screen()).toContain("█");

  view.write("U");
  await waitForUsers(view, "anna", "mike", "zoe");
  view.write("L");
  // Keys that come at once would be taken for pasted text.
  await view.waitFor(() => /by left/.test(seen(view)) && usersOn(view).at(-1) === "zoe");
  view.write("T");
  await waitForUsers(view, "zoe", "anna", "mike");

  for (const cols of [40, 250, 80]) {
    view.resize(cols, 20);
    await view.waitFor(
      () =>
        /USER.*IDLE.*LEFT.*STATE/.test(seen(view)) &&
        /EVIDENCE/.test(seen(view)) === (cols === 250) &&
        usersOn(view).length === 3,
    );
    expect(seen(view).match(/USER/g)).toHaveLength(1);
  }

  view.write("/");
  await view.waitFor(/^Filter: _/m);
  view.write("mik");
  await waitForUsers(view, "mike");
  view.write("\r");
  await view.waitFor(() => /q quit/.test(seen(view)));
  view.write("n");
  await view.waitFor(/^Notice to mike/m);
  view.write("back at noon");
  await view.waitFor(/back at noon_/);
  view.write("\r");
  await mike.waitFor(/administrator: back at noon/);
  await view.waitFor(/notice to mike given/);
  expect(await auditOf(lab, "mike")).toMatchObject([
    { action: "notice", cause: "administrator", outcome: "given", reason: expect.stringContaining("noon") },
  ]);

  view.write("e");
  await view.waitFor(() => /^End it \(y\/n\)\? mike, sshd \d+, pts\/\d+$/m.test(seen(view)));
  view.write("n");
  await view.waitFor(/^not ended/m);
  view.write("e");
  await view.waitFor(/^End it \(y\/n\)\? mike/m);
  view.write("y");
  await mike.exit;
  expect(mike.output).toContain("ended by root");
  await view.waitFor(/the login of mike has ended/);
  expect((await auditWithEnd(lab, "mike")).at(-1)).toMatchObject({
    action: "end",
    cause: "administrator",
    ended: true,
  });
  view.write("/");
  await view.waitFor(/^Filter/m);
  view.write("\x1b");
  await waitForUsers(view, "zoe", "anna");

  // What changes is seen without a key.
  anna.write("exit\r");
  await waitForUsers(view, "zoe");
  view.write("q");
  expect(await view.exit).toEqual({ status: 0, signal: 0 });
  expect(view.terminal.buffer.active.type).toBe("normal");
  expect(view.terminal.buffer.active.length).toBeGreaterThan(0);
  expect(view.output.lastIndexOf("\x1b[?25h")).toBeGreaterThan(view.output.lastIndexOf("\x1b[?25l"));
  zoe.kill();
  await zoe.exit;
});

test("a locale without UTF-8 gets ASCII, NO_COLOR no colours; a dumb terminal and no terminal get the table once", async () => {
  const anna = await atPrompt(lab, "anna");
  const ascii = top({ cols: 80, rows: 24 }, "LC_ALL=C", "NO_COLOR=1");
  await ascii.waitFor(/^[> ] anna.*\[#+\.*\].*(active|idle)/m);
  expect(ascii.screen()).toMatch(/^[ -~\n]*$/);
  expect(ascii.output).not.toMatch(/\x1b\[3\dm/);
  ascii.write("\x03");
  expect(await ascii.exit).toEqual({ status: 0, signal: 0 });

  const dumb = top({ cols: 200, rows: 24 }, "TERM=dumb");
  expect((await dumb.exit).status).toBe(0);
  expect(dumb.screen()).toMatch(/^USER +CLIENT/m);
  expect(dumb.output).not.toContain("\x1b[?1049h");
  await vi.waitFor(
    async () => expect(await lab.must("afkill top </dev/null | cat")).toMatch(/^anna /m),
    SOON,
  );
  anna.kill();
  await anna.exit;
});

test("a notice from an administrator is no sign of its user, though output counts as one", async () => {
  const nora = await atPrompt(lab, "nora");
  // It reads a line and writes none: the last key is all that there is to see.
  nora.write("cat >/dev/null\r");
  await nora.waitFor(() => lab.processes().some(({ user, comm }) => user === "nora" && comm === "cat"));
  nora.write("key\r");
  const view = top({ cols: 80, rows: 24 });
  await view.waitFor(/^[> ] nora\b/m);
  view.write("/");
  await view.waitFor(/^Filter/m);
  view.write("nora\r");
  await view.waitFor(/1 match "nora"/);
  // The kernel tells times apart that are eight seconds apart.
  expect(await aliveAfter(nora, 9)).toBe(true);
  view.write("n");
  await view.waitFor(/^Notice to nora/m);
  view.write("still there?");
  await view.waitFor(/still there\?_/);
  view.write("\r");
  await nora.waitFor(/administrator: still there\?/);
  await nora.exit;
  const records = await auditWithEnd(lab, "nora");
  expect(records.map(({ action, cause }) => `${action} ${cause}`)).toEqual([
    "notice administrator",
    "notice idle",
    "end idle",
  ]);
  expect(records.at(-1)).toMatchObject({ ended: true, lastActivity: "input: a key" });
  view.write("q");
  await view.exit;
});

test("marks the login that it runs in, and does not end it", async () => {
  await lab.must("mkdir -p /root/.ssh; cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys");
  const mine = await atPrompt(lab, "root");
  mine.write("afkill top\r");
  await mine.waitFor(/^[> ] root\*/m);
  mine.write("/");
  await mine.waitFor(/^Filter/m);
  mine.write("root\r");
  await mine.waitFor(/1 match "root"/);
  mine.write("e");
  await mine.waitFor(/that is the login you work in/);
  mine.write("q");
  await mine.waitFor(() => mine.terminal.buffer.active.type === "normal");
  mine.kill();
  await mine.exit;
});
