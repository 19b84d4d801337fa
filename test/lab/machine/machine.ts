// A whole machine with systemd and a clock of its own (User Mode Linux), as an ordinary process. Slower than a lab: for what only a
// whole machine has.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AuditRecord } from "../../../src/audit/record.ts";
import { checkout } from "../boot.ts";
import type { Ran } from "../inside.ts";
import type { Hook } from "../lab.ts";
import { type Release, trixie } from "../release.ts";
import { openTerminal, type Ssh } from "../ssh.ts";
import { type Running, switchOn } from "./boot.ts";
import { type CommandOptions, clientCommand, closeControl, openControl, runOn } from "./client.ts";

export interface MachineOptions {
  /** Text of /etc/afkill/afkill.toml. */
  readonly policy?: string | undefined;
  /** Installs afkill with this hook, as an administrator would. */
  readonly hook?: Hook | undefined;
  /** Shell lines that root runs before sshd starts. */
  readonly setup?: string | undefined;
  /** Debian 13 unless said otherwise. */
  readonly release?: Release | undefined;
}

export interface Machine {
  /** The configuration of its clients, for an ssh inside of an option such as ProxyCommand; `control` is root's own way in. */
  readonly sshConfig: string;
  /** Makes users that the clients may log in as. */
  addUsers(...names: string[]): Promise<void>;
  /** Runs a shell command as root, in a login that no hook sees. Never rejects because of its status. */
  run(command: string, options?: CommandOptions): Promise<Ran>;
  /** Runs a shell command that must succeed, and returns what it printed. */
  must(command: string, options?: CommandOptions): Promise<string>;
  /** Starts a client outside the machine, on a terminal of its own: `ssh [options] user@machine [command]`. */
  ssh(user: string, options?: readonly string[], command?: string): Ssh;
  audit(): Promise<AuditRecord[]>;
  /** The journal since boot, without the kernel's lines. */
  syslog(): Promise<string>;
  writePolicy(toml: string): Promise<void>;
  /** Steps the wall clock by what date(1) understands, such as `+1 day`. */
  stepClock(by: string): Promise<void>;
  /** The machine's boot clock, in seconds. */
  uptime(): Promise<number>;
  /**
   * Suspends the machine to memory and wakes it after so many seconds; for it they are longer by `leapS`. Returns the seconds that it
   * was suspended by its own clocks.
   */
  suspend(seconds: number, leapS?: number): Promise<number>;
  /** Boots it again, from what is on its disk. */
  reboot(): Promise<void>;
  /** Stops the machine's process for so many seconds, as a host does that has no time for it. All of its clocks run on. */
  freeze(seconds: number): Promise<void>;
  /** What helps to understand a failure: logins and watchdogs, audit, end of the journal. */
  report(): Promise<string>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const BOOT_BOUND_MS = 150_000;
/** The checkout and its Node, as the machine sees them. */
const CHECKOUT = "/lab/checkout";
const NODE = `${CHECKOUT}/node_modules/.bin/node`;
const AUDIT = "/var/log/afkill/audit.jsonl";

/** Boots a machine and waits until its sshd serves. It ends with `stop`, and when this process dies in whatever way. */
export async function bootMachine(options: MachineOptions = {}): Promise<Machine> {
  if (process.getuid?.() !== 0) throw new Error("a machine needs root: it makes namespaces and mounts");
  if (options.hook !== undefined && !existsSync(join(checkout, "dist/cli.js")))
    throw new Error("a machine with a hook installs from dist/: run `npm run build` first");
  const running = await switchOn(options.setup ?? "", options.release ?? trixie);
  try {
    const machine = await machineOf(running);
    // sshd's start is queued already: this waits for it.
    await machine.must("systemctl start ssh.service");
    if (options.policy !== undefined) await machine.writePolicy(options.policy);
    if (options.hook !== undefined)
      await machine.must(`${NODE} ${CHECKOUT}/dist/cli.js install --hook ${options.hook}`);
    return machine;
  } catch (error) {
    const console = running.console().split("\n").slice(-40).join("\n");
    await running.stop();
    throw new Error(`the machine did not come up: ${error}\n--- console\n${console}`);
  }
}

async function machineOf(running: Running): Promise<Machine> {
  let control = await openControl(running, BOOT_BOUND_MS);
  const run: Machine["run"] = (command, options = {}) => runOn(running, command, options);
  const must: Machine["must"] = async (command, options) => {
    const ran = await run(command, options);
    if (ran.status === 0) return ran.stdout;
    throw new Error(`status ${ran.status}: ${command}\n${ran.stdout}${ran.stderr}`);
  };
  // The boot clock counts suspends, the kernel's timers (and so sleep(1)) do not.
  const suspendedS = async () => {
    const clocks = await must("cat /proc/uptime /proc/timer_list");
    const timersS = Number(/^now at (\d+) nsecs$/m.exec(clocks)?.[1]) / 1e9;
    return Number.parseFloat(clocks) - timersS;
  };
  const auditText = () => must(`cat ${AUDIT} 2>/dev/null || :`);
  const syslog = () =>
    must(
      "journalctl --boot --quiet --no-pager --output=short-monotonic _TRANSPORT=syslog + _TRANSPORT=journal + _TRANSPORT=stdout",
    );
  const report = async () => {
    const processes = await must("ps -eo pid,ppid,user,tty,stat,args | grep -E '[s]shd|[a]fkill|pts'");
    const log = (await syslog()).split("\n").slice(-60).join("\n");
    return `--- processes\n${processes}--- audit\n${await auditText()}--- journal\n${log}`;
  };
  const bootId = () => must("cat /proc/sys/kernel/random/boot_id", { timeoutMs: 10_000 });
  const reboot = async () => {
    const before = await bootId();
    await run("systemctl --no-block reboot");
    do {
      await closeControl(control);
      control = await openControl(running, BOOT_BOUND_MS);
    } while ((await bootId().catch(() => before)) === before);
    await must("systemctl start ssh.service");
  };
  const stop = async () => {
    await closeControl(control);
    await running.stop();
  };
  return {
    sshConfig: join(running.directory, "ssh_config"),
    addUsers: async (...names) => {
      for (const name of names) {
        await must(`useradd --create-home --password '*' --shell /bin/bash ${name} &&
          install -d -m 700 -o ${name} -g ${name} /home/${name}/.ssh &&
          install -m 600 -o ${name} -g ${name} /lab/key.pub /home/${name}/.ssh/authorized_keys`);
      }
    },
    run,
    must,
    ssh: (user, options = [], command) => {
      const argv = [...clientCommand(running), ...options, `${user}@machine`];
      return openTerminal(
        [...argv, ...(command === undefined ? [] : [command])],
        { cols: 80, rows: 24 },
        () => `--- console\n${running.console().split("\n").slice(-20).join("\n")}`,
      );
    },
    audit: async () =>
      (await auditText())
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    syslog,
    writePolicy: async (toml) => {
      await must("install -D -m 644 /dev/stdin /etc/afkill/afkill.toml", { input: toml });
    },
    uptime: async () => Number((await must("cat /proc/uptime")).split(" ")[0]),
    stepClock: async (by) => {
      await must(`date --set '${by}'`);
    },
    suspend: async (seconds, leapS = 0) => {
      writeFileSync(join(running.directory, "leap"), `${leapS}\n`);
      const before = await suspendedS();
      // Detached, so that no answer to this command is under way when the network goes.
      const script = "sleep 0.2; echo mem >/sys/power/state; touch /run/lab-awake";
      await must(`rm -f /run/lab-awake; (${script}) >/dev/null 2>&1 </dev/null &`);
      await sleep(200 + seconds * 1000);
      // A wake-up that came before the suspend is lost, so it is sent until the machine says that it woke.
      do process.kill(running.pid, "SIGUSR1");
      while ((await run("test -e /run/lab-awake", { timeoutMs: 2000 })).status !== 0);
      return (await suspendedS()) - before;
    },
    freeze: async (seconds) => {
      process.kill(running.pid, "SIGSTOP");
      await sleep(seconds * 1000);
      process.kill(running.pid, "SIGCONT");
    },
    reboot,
    report,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
