// Faults of a wrap are caused one by one: nobody is locked out, and the log says why.
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { PROGRAM_DIRECTORY, PTY_MODULE } from "../../src/system/paths.ts";
import { type Lab, startLab } from "../lab/lab.ts";
import { watchdogs } from "../support/hooks.ts";
import { aliveAfter, atPrompt, LIMIT_S, policyOfSeconds, SOON } from "../support/logins.ts";

const PTY = join(PROGRAM_DIRECTORY, "dist", PTY_MODULE);
const DEVPTS = "newinstance,ptmxmode=0666,gid=5,mode=620";

const start = () => startLab({ hook: "force-command", flags: "--wrap", policy: policyOfSeconds() });
const wraps = (lab: Lab) =>
  lab.nodes().filter(({ cmdline }) => cmdline.some((word) => word.endsWith("/dist/wrap.js")));

interface Fault {
  readonly name: string;
  readonly cause: (lab: Lab) => Promise<unknown>;
  readonly logged: RegExp;
}

/** The kernel counts processes by uid, over all labs: this one is nobody else's. */
const limited = (limit: string) => (lab: Lab) =>
  lab.must(
    `usermod --uid 61234 visitor && echo 'visitor hard ${limit}' >/etc/security/limits.d/visitor.conf`,
  );

const faults: readonly Fault[] = [
  { name: "node-pty is missing", cause: (lab) => lab.must(`rm ${PTY}`), logged: /status 1: .*pty\.node/ },
  {
    name: "node-pty is cut short",
    cause: (lab) => lab.must(`truncate -s 5000 ${PTY}`),
    logged: /status 1\d\d: /,
  },
  {
    name: "node-pty is something else",
    cause: (lab) => lab.must(`echo nonsense >${PTY}`),
    logged: /status 1: .*pty\.node/,
  },
  {
    name: "Node is missing",
    cause: (lab) => lab.must("rm /usr/lib/afkill/node"),
    logged: /status 127: .*node: not found/,
  },
  {
    name: "the program is missing",
    cause: (lab) => lab.must("rm /usr/lib/afkill/dist/wrap.js"),
    logged: /status 1: .*wrap\.js/,
  },
  {
    name: "there is no pty but the login's own",
    cause: (lab) => lab.must(`mount -o remount,${DEVPTS},max=1 /dev/pts`),
    logged: /status 1: .*pty/,
  },
  {
    name: "Node has no room in its user's memory",
    cause: limited("as 300000"),
    logged: /status 1\d\d: /,
  },
  { name: "its user may have few processes", cause: limited("nproc 6"), logged: /status 1\d\d: / },
];

describe.concurrent.each(faults)("when $name", ({ cause, logged }) => {
  test("the plain shell runs with a watchdog beside it, and the log says why", async () => {
    await using lab = await start();
    await lab.addUser("visitor");
    await cause(lab);
    const ssh = await atPrompt(lab, "visitor");
    ssh.write('test "$SSH_TTY" = "$(tty)" && echo o""wn; env | grep -c "^stty\\|^said"\r');
    await ssh.waitFor(/^own\n0/m);
    expect(wraps(lab)).toEqual([]);
    await ssh.waitFor(() => watchdogs(lab).length > 0);
    const said = await vi.waitFor(async () => {
      const line = (await lab.syslog()).split("\n").find((it) => it.includes("the wrap did not start"));
      expect(line).toBeDefined();
      return line;
    }, SOON);
    expect(said).toMatch(logged);
    ssh.write("exit 7\r");
    expect(await ssh.exit).toMatchObject({ status: 7 });
  });
});

describe.concurrent("a wrapped login", () => {
  test("lives under a broken policy, and the log says so", async () => {
    await using lab = await start();
    await lab.addUser("visitor");
    await lab.writePolicy('idle_timeout = "20x"\n');
    const ssh = await atPrompt(lab, "visitor");
    expect(wraps(lab)).toHaveLength(1);
    expect(await aliveAfter(ssh, 2 * LIMIT_S)).toBe(true);
    expect(await lab.syslog()).toMatch(/afkill.*afkill\.toml.*idle_timeout.*nobody is ended/);
  });

  test("whose sshd its guard cannot see lives, and the log says so", async () => {
    await using lab = await start();
    await lab.addUser("visitor");
    await lab.must("mount -o remount,hidepid=2 /proc");
    const ssh = await atPrompt(lab, "visitor");
    expect(wraps(lab)).toHaveLength(1);
    await vi.waitFor(
      async () => expect(await lab.syslog()).toMatch(/afkill\[\d+\]: this login is not guarded: .*sshd/),
      SOON,
    );
    expect(await aliveAfter(ssh, 2 * LIMIT_S)).toBe(true);
    ssh.write("exit 7\r");
    expect(await ssh.exit).toMatchObject({ status: 7 });
    expect(await lab.audit()).toEqual([]);
  });

  test("whose wrap is killed ends as from a lost connection", async () => {
    await using lab = await start();
    await lab.addUser("visitor");
    const ssh = await atPrompt(lab, "visitor");
    ssh.write("trap 'echo hung up >~/why' HUP; echo r''eady\r");
    await ssh.waitFor(/^ready/m);
    const [wrap] = wraps(lab);
    await lab.must(`kill -KILL ${wrap?.pid}`);
    await ssh.exit;
    await vi.waitFor(
      () => expect(lab.processes().filter(({ user }) => user === "visitor")).toEqual([]),
      SOON,
    );
    expect(await lab.read("/home/visitor/why")).toBe("hung up\n");
  });
});
