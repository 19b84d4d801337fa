// Wrapped terminals that root locks: nothing inside is stopped, and what it has written is on the screen afterwards.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Lab, type Ssh, startLab } from "../lab/lab.ts";
import { addUserWithPassword, LOCKED, seenOn, stoppedOf, unlock, waitForLock } from "../support/lock.ts";
import { SOON } from "../support/logins.ts";

/** Two clients draw some hundred kB meanwhile. */
const LATER = { timeout: 90_000, interval: 200 };

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ hook: "force-command", flags: "--wrap", policy: 'idle_timeout = "30m"\n' });
  await lab.install("pam");
  // A user whose logins are not wrapped.
  await lab.must("printf 'Match User hostile\\n  ForceCommand none\\n' >>/etc/ssh/sshd_config");
  await lab.reloadSshd();
});
afterAll(() => lab?.stop());

/** A login whose prompt says nothing of its user. */
async function login(user: string): Promise<Ssh> {
  await lab.write(`/home/${user}/.bash_profile`, "PS1='$ '\nbind 'set enable-bracketed-paste off'\n");
  const ssh = lab.ssh(user);
  await ssh.waitFor(/^\$ $|^\$$/m);
  return ssh;
}

async function lock(ssh: Ssh, user: string): Promise<void> {
  await lab.must(`afkill lock ${user}`);
  await waitForLock(ssh);
}

const wrapOf = (user: string) =>
  lab.processes().find((it) => it.user === user && it.cmdline.includes("/usr/lib/afkill/dist/wrap.js"));

/** Whether a row goes on in the next one is lost where the model has left out lines that scrolled away. */
const cellsOn = (ssh: Ssh) => {
  const { rows, ...rest } = seenOn(ssh);
  return { rows: rows.map(({ cells }) => cells), ...rest };
};

/** Waits until a file inside has this text. */
const untilWritten = (path: string, text: string) =>
  vi.waitFor(async () => expect(await lab.read(path)).toContain(text), SOON);

/**
 * Does the same on a terminal that is locked meanwhile and on one that is not, and compares what is seen at the end. `begin` is typed before
 * the lock; then `go` is made, which the program waits for; it makes `done` at its end.
 */
async function compareWithUnlocked(user: string, begin: string, ready: RegExp): Promise<void> {
  const users = [user, `${user}2`];
  for (const name of users) await addUserWithPassword(lab, name);
  const [locked, plain] = await Promise.all(users.map((name) => login(name)));
  if (!locked || !plain) throw new Error("no login");
  for (const ssh of [locked, plain]) {
    ssh.write(begin);
    await ssh.waitFor(ready);
  }
  await lock(locked, user);
  for (const name of users) await lab.write(`/home/${name}/go`, "");
  for (const name of users) await untilWritten(`/home/${name}/done`, "done");
  expect(locked.screen()).toMatch(LOCKED);
  expect(wrapOf(user)?.state).toMatch(/[SR]/);
  await unlock(locked);
  await vi.waitFor(() => expect(cellsOn(locked)).toEqual(cellsOn(plain)), LATER);
  for (const ssh of [locked, plain]) {
    ssh.write("\r");
    await ssh.waitFor(/\n\$ ?\n*$/);
    ssh.write("echo more-$((6 * 7))\r");
    await ssh.waitFor(/^more-42/m);
  }
  await vi.waitFor(() => expect(cellsOn(locked)).toEqual(cellsOn(plain)), LATER);
}

const UNTIL_GO = "until [ -e go ]; do sleep 0.1; done";

describe.concurrent("a wrapped terminal that is locked", () => {
  test("lets a build go on, and has its lines afterwards, those above the screen too", async () => {
    const build = `clear; echo begun; ${UNTIL_GO}; for i in $(seq 40); do printf '\\033[3%dmstep %d\\033[m\\n' $((i % 8)) $i; done; printf done >done\r`;
    await compareWithUnlocked("builder", build, /^begun/m);
  });

  test("paints the screen of what wrote more than anybody keeps", async () => {
    const flood = `clear; echo begun; ${UNTIL_GO}; seq -f '%0200g' 1500; printf '\\033[5;15r\\033[3;4H\\033[J\\033[1;31mred\\033[?1h'; printf done >done\r`;
    await compareWithUnlocked("flooder", flood, /^begun/m);
  });

  test("shows the program that went to the other screen meanwhile", async () => {
    const screens = `clear; echo begun; ${UNTIL_GO}; seq -f '%0200g' 1500; echo main; printf '\\033[?1049h\\033[H\\033[2J\\033[44mother\\033[m\\033[?25l\\033[?1000h\\033[?1006h'; printf done >done; read -r _; printf '\\033[?25h\\033[?1000l\\033[?1049l'\r`;
    await compareWithUnlocked("changer", screens, /^begun/m);
  });

  test("gives an editor its screen back, in a window that was resized meanwhile", async () => {
    await addUserWithPassword(lab, "editor");
    const ssh = await login("editor");
    ssh.write("seq 100 >n; vim -N -u NONE -i NONE -c 'set ruler' n\r");
    await ssh.waitFor(/^~?\s*23$/m);
    ssh.write("5jv2l");
    await ssh.waitFor(/-- VISUAL --/);
    const before = seenOn(ssh);
    await lock(ssh, "editor");
    await unlock(ssh);
    await vi.waitFor(() => expect(seenOn(ssh)).toEqual(before), SOON);
    await lock(ssh, "editor");
    ssh.resize(100, 30);
    await waitForLock(ssh);
    await unlock(ssh);
    await ssh.waitFor(/^\s*29\s*$/m);
    await ssh.waitFor(/-- VISUAL --/);
    ssh.write("\u001b:q!\r");
    await ssh.waitFor(/\$ ?$/m);
    ssh.write("stty size\r");
    await ssh.waitFor(/^30 100/m);
  });

  test("passes no key of the lock to a program inside, and the next key after it", async () => {
    await addUserWithPassword(lab, "typist");
    const ssh = await login("typist");
    ssh.write("cat >got\r");
    await vi.waitFor(() => lab.read("/home/typist/got"), SOON);
    await lock(ssh, "typist");
    expect(wrapOf("typist")?.state).toMatch(/[SR]/);
    ssh.write("\u0003\u001a\u0004typed at the lock\r");
    await ssh.waitFor(/Password:/);
    ssh.write("\u0015");
    ssh.write("wrong\r");
    await ssh.waitFor(/Press Enter to unlock/);
    await unlock(ssh);
    ssh.write("after\r\u0004");
    await untilWritten("/home/typist/got", "after");
    expect(await lab.read("/home/typist/got")).toBe("after\n");
  });

  test("that was locked by its user inside is given back to the command", async () => {
    await addUserWithPassword(lab, "self");
    const ssh = await login("self");
    ssh.write("afkill lock; echo status=$?\r");
    await waitForLock(ssh);
    await unlock(ssh);
    await ssh.waitFor(/^status=0/m);
  });

  test("whose wrap is killed stays locked, and ends once it is unlocked", async () => {
    await addUserWithPassword(lab, "killed");
    const ssh = await login("killed");
    await lock(ssh, "killed");
    await lab.must(`kill -KILL ${wrapOf("killed")?.pid}`);
    await vi.waitFor(() => expect(wrapOf("killed")?.state ?? "Z").toBe("Z"), SOON);
    expect(ssh.screen()).toMatch(LOCKED);
    const ended = ssh.exit;
    await unlock(ssh).catch(() => undefined);
    await ended;
    await vi.waitFor(() => expect(stoppedOf(lab, "killed")).toEqual([]), SOON);
  });

  test("is stopped with its wrap where that keeps the terminal, and nothing is lost", async () => {
    await addUserWithPassword(lab, "hostile");
    const ssh = await login("hostile");
    // Looks like a wrap, and reads on.
    const keep = `process.on("SIGWINCH", () => require("fs").writeFileSync("told", "")); process.stdin.on("data", (data) => console.log("heard", data.length));`;
    ssh.write(`/usr/lib/afkill/node -e '${keep}' /usr/lib/afkill/dist/wrap.js\r`);
    await vi.waitFor(() => expect(wrapOf("hostile")?.state).toBe("S"), SOON);
    await lock(ssh, "hostile");
    await vi.waitFor(() => lab.read("/home/hostile/told"), SOON);
    expect(wrapOf("hostile")?.state).toBe("T");
    await unlock(ssh);
    await vi.waitFor(() => expect(wrapOf("hostile")?.state).toBe("S"), SOON);
    expect(ssh.output).not.toMatch(/heard \d|Stopped/);
  });
});
