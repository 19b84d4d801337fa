// Real programs on real ptys for the tests of login/ and activity/: this process stands in for the login's sshd.
import { type IPty, spawn } from "node-pty";
import { afterEach } from "vitest";
import { type TerminalLook, takeLook } from "../../src/activity/look.ts";
import { descendantsOf, isAlive, type ProcessRef, readStat } from "../../src/login/process.ts";
import { type Terminal, terminalsOf } from "../../src/login/terminal.ts";
import type { Source } from "../../src/policy/policy.ts";

/** This process as the sshd whose children lead the terminals. */
export function server(): ProcessRef {
  const stat = readStat(process.pid);
  if (!stat) throw new Error("no /proc/self");
  return { pid: stat.pid, startTicks: stat.startTicks };
}

const open = new Set<IPty>();
afterEach(async () => {
  for (const pty of open) await killTree(pty.pid);
  open.clear();
});

/** Kills a process and everything below it; what a dying parent leaves behind would live on. */
export async function killTree(root: number): Promise<void> {
  const known = new Map<number, ProcessRef>();
  await until(() => {
    const top = readStat(root);
    for (const it of [...(top ? [top] : []), ...descendantsOf(root)]) known.set(it.pid, it);
    const alive = [...known.values()].filter(isAlive);
    for (const { pid } of alive) process.kill(pid, "SIGKILL");
    return alive.length === 0;
  });
}

/** A terminal that a process of the login leads. */
export type Led = Terminal & { readonly leader: ProcessRef };

export interface Shell {
  readonly pty: IPty;
  readonly output: () => string;
  readonly terminal: () => Led;
  readonly look: (sources?: readonly Source[]) => Promise<TerminalLook & { bootMs: number }>;
}

/** Starts a program on a pty of its own; it is killed after the test. */
export function onPty(command: string, args: readonly string[]): Shell {
  const env = { PATH: process.env.PATH ?? "/usr/bin:/bin", TERM: "xterm", PS1: "$ ", LC_ALL: "C" };
  const pty = spawn(command, [...args], { name: "xterm", cols: 80, rows: 24, env, cwd: "/tmp" });
  open.add(pty);
  let text = "";
  pty.onData((data) => {
    text += data;
  });
  const terminal = () => {
    const found = terminalsOf({ server: server() }).find(({ leader }) => leader?.pid === pty.pid);
    if (!found?.leader) throw new Error(`no terminal of ${pty.pid}`);
    return { ...found, leader: found.leader };
  };
  const look = async (sources: readonly Source[] = ["input", "busy"]) => {
    const { bootMs, terminals } = await takeLook({ server: server(), client: undefined }, [terminal()], {
      sources,
    });
    const [seen] = terminals;
    if (!seen) throw new Error(`no look at ${pty.pid}`);
    return { ...seen, bootMs };
  };
  return { pty, output: () => text, terminal, look };
}

/** An interactive bash at its prompt. */
export async function bash(): Promise<Shell> {
  const shell = onPty("/bin/bash", ["--norc", "--noprofile", "-i"]);
  await until(() => shell.output().includes("$ "));
  return shell;
}

/** Asks again and again until the answer is something; fails after a generous time. */
export async function until<T>(
  ask: () => T | Promise<T>,
  boundMs = 30_000,
): Promise<NonNullable<Exclude<T, false>>> {
  const end = performance.now() + boundMs;
  for (;;) {
    let failure: unknown;
    try {
      const answer = await ask();
      if (answer) return answer as NonNullable<Exclude<T, false>>;
    } catch (error) {
      failure = error;
    }
    if (performance.now() > end) throw new Error(`did not come true: ${ask}`, { cause: failure });
    await pause(50);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
