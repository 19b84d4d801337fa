// A lab: a private host with a real sshd and real PAM, made of this machine's own files or of a release's, that leaves both as they were.
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { AuditRecord } from "../../src/audit/record.ts";
import { type Booted, boot, checkout } from "./boot.ts";
import { cleanEnvironment, inside, type Ran, type RunOptions, run } from "./inside.ts";
import { type LabProcess, processesBelow } from "./processes.ts";
import { type Release, treeOf } from "./release.ts";
import { openTerminal, type Ssh } from "./ssh.ts";

export type { Ran, RunOptions } from "./inside.ts";
export type { LabProcess } from "./processes.ts";
export type { Exit, Ssh } from "./ssh.ts";

export type Hook = "pam" | "force-command" | "profile";

export interface LabOptions {
  /** Text of /etc/afkill/afkill.toml. */
  readonly policy?: string | undefined;
  /** Installs afkill with this hook, as an administrator would. */
  readonly hook?: Hook | undefined;
  /** More of the install's options. */
  readonly flags?: string | undefined;
  /** Keeps the line of the pam hook in sshd's own PAM file, where an OpenSSH before 9.8 has it: a host with SSSD. */
  readonly pamLine?: boolean | undefined;
  /** Lines for sshd_config, before the rest of it. */
  readonly sshd?: string | undefined;
  /** What it is made of; this machine's own files unless said otherwise. */
  readonly release?: Release | undefined;
}

export interface Lab {
  /** The lab's root directory, as the outside reaches it. Absolute symbolic links in it lead astray. */
  readonly root: string;
  /** The lab's process 1, as the outside sees it. */
  readonly pid: number;
  /** Where the checkout and its Node are, inside. */
  readonly checkout: string;
  readonly node: string;
  /** Makes a user that the lab's client may log in as. `sudo`: may run everything without a password. */
  addUser(
    name: string,
    options?: { groups?: readonly string[]; shell?: string; sudo?: boolean },
  ): Promise<void>;
  /** Runs a shell command. Never rejects because of its status. */
  run(command: string, options?: RunOptions): Promise<Ran>;
  /** Runs a shell command that must succeed, and returns what it printed. */
  must(command: string, options?: RunOptions): Promise<string>;
  /** Starts a shell command as root that lives until it ends, is killed, or the lab stops. */
  spawn(command: string): ChildProcess;
  /** Starts a client on a terminal of its own: `ssh [options] user@lab [command]`. */
  ssh(
    user: string,
    options?: readonly string[],
    command?: string,
    size?: { cols: number; rows: number },
  ): Ssh;
  /** The records of /var/log/afkill/audit.jsonl; none while there is no such file. */
  audit(): Promise<AuditRecord[]>;
  /** What went to /dev/log. */
  syslog(): Promise<string>;
  writePolicy(toml: string): Promise<void>;
  /** Writes a file inside, as root. */
  write(path: string, text: string | Uint8Array, mode?: number): Promise<void>;
  read(path: string): Promise<string>;
  install(hook: Hook, flags?: string): Promise<string>;
  /** Makes sshd read its configuration again, and waits until it listens again. */
  reloadSshd(): Promise<void>;
  processes(): LabProcess[];
  /** The processes whose program is Node. */
  nodes(): LabProcess[];
  /** Everything useful about a failure: processes, audit, end of the log. */
  report(): string;
  /** Ends every process of the lab; its mounts and files go with them. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Where the checked-out program, and what it installs, write their records. */
const AUDIT = "/var/log/afkill/audit.jsonl";
/** Where init.sh puts the checkout: its users can enter every directory above it, wherever it lies outside. */
const CHECKOUT = "/lab/checkout";
const node = join(CHECKOUT, "node_modules/.bin/node");
/** A busy machine takes its time to copy a Node. */
const INSTALL_BOUND_MS = 150_000;

/**
 * Starts a lab (needs root). It ends with `stop`, and also when this process dies in whatever way: the kernel kills unshare with its
 * parent, the lab's process 1 with unshare, and every process of a pid namespace with its process 1.
 */
export function startLab(options: LabOptions = {}): Promise<Lab> {
  const lab = starting.then(() => start(options));
  starting = lab.catch(() => undefined);
  return lab;
}

/** Starting is work, and tests that run side by side all start at once: one lab after the other, the first are soon ready. */
let starting: Promise<unknown> = Promise.resolve();

async function start(options: LabOptions): Promise<Lab> {
  if (process.getuid?.() !== 0) throw new Error("a lab needs root: it makes namespaces and mounts");
  if (options.hook !== undefined && !existsSync(join(checkout, "dist/cli.js")))
    throw new Error("a lab with a hook installs from dist/: run `npm run build` first");
  const lab = labOf(await boot(options.sshd, options.release ? await treeOf(options.release) : "/"));
  try {
    if (options.pamLine) await lab.write("/etc/sssd/sssd.conf", "[sssd]\n", 0o600);
    if (options.policy !== undefined) await lab.writePolicy(options.policy);
    if (options.hook !== undefined) await lab.install(options.hook, options.flags);
    return lab;
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

function labOf({ pid, stop }: Booted): Lab {
  const root = `/proc/${pid}/root`;
  const textOf = (path: string) => (existsSync(root + path) ? readFileSync(root + path, "utf8") : "");

  const must: Lab["must"] = async (command, options) => {
    const ran = await run(pid, command, options);
    if (ran.status === 0) return ran.stdout;
    throw new Error(`status ${ran.status}: ${command}\n${ran.stdout}${ran.stderr}`);
  };

  const write: Lab["write"] = async (path, text, mode = 0o644) => {
    mkdirSync(dirname(root + path), { recursive: true });
    writeFileSync(root + path, text);
    chmodSync(root + path, mode);
  };

  const report = () => {
    const processes = processesBelow(root).map(
      (it) => `${it.pid} ${it.user} ${it.state} ${it.cmdline.join(" ")}`,
    );
    const log = textOf("/var/log/messages").split("\n").slice(-60);
    return ["--- processes", ...processes, "--- audit", textOf(AUDIT), "--- syslog", ...log].join("\n");
  };

  const reloadSshd = async () => {
    // A restarted sshd writes its pid file once it listens.
    await must(
      "pid=$(cat /run/sshd.pid) && rm /run/sshd.pid && kill -HUP $pid && until [ -s /run/sshd.pid ]; do sleep 0.02; done",
    );
  };

  return {
    root,
    pid,
    checkout: CHECKOUT,
    node,
    addUser: async (name, { groups = [], shell = "/bin/bash", sudo = false } = {}) => {
      await must(`
        for group in ${groups.join(" ")}; do groupadd -f "$group"; done
        useradd --create-home --password '*' --shell ${shell} --groups '${groups.join(",")}' ${name}
        install -d -m 700 -o ${name} -g ${name} /home/${name}/.ssh
        install -m 600 -o ${name} -g ${name} /root/.ssh/id_ed25519.pub /home/${name}/.ssh/authorized_keys`);
      // Without a .zshrc zsh greets a new user with a questionnaire.
      if (shell.endsWith("zsh")) await must(`touch .zshrc`, { user: name });
      if (sudo) await write(`/etc/sudoers.d/${name}`, `${name} ALL=(ALL) NOPASSWD: ALL\n`, 0o440);
    },
    run: (command, options) => run(pid, command, options),
    must,
    spawn: (command) =>
      spawn("nsenter", [...inside(pid), "sh", "-c", command], {
        env: cleanEnvironment,
        cwd: "/",
        stdio: "pipe",
      }),
    ssh: (user, options = [], command, size = { cols: 80, rows: 24 }) => {
      const argv = ["ssh", ...options, `${user}@lab`, ...(command === undefined ? [] : [command])];
      return openTerminal(["nsenter", ...inside(pid), ...argv], size, report);
    },
    audit: async () =>
      textOf(AUDIT)
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line)),
    syslog: async () => textOf("/var/log/messages"),
    writePolicy: (toml) => write("/etc/afkill/afkill.toml", toml),
    write,
    read: async (path) => readFileSync(root + path, "utf8"),
    install: async (hook, flags = "") => {
      const said = await must(`${node} ${CHECKOUT}/dist/cli.js install --hook ${hook} ${flags}`, {
        timeoutMs: INSTALL_BOUND_MS,
      });
      if (hook === "force-command") await reloadSshd();
      return said;
    },
    reloadSshd,
    processes: () => processesBelow(root),
    nodes: () => processesBelow(root).filter(({ exe }) => basename(exe) === "node"),
    report,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
