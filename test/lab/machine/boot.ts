// Starting the process that is a machine, and ending it.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { checkout } from "../boot.ts";
import { cleanEnvironment } from "../inside.ts";
import { imageOf, type Release } from "../release.ts";

/** A machine that has been switched on; it may still be booting. */
export interface Running {
  /** The process that is the machine's kernel, as the outside sees it. Its network is where clients live. */
  readonly pid: number;
  /** The machine's own directory outside; its `lab` folder is /lab inside. */
  readonly directory: string;
  /** What came out on the console so far. */
  console(): string;
  /** Ends every process of it and removes its files. */
  stop(): Promise<void>;
}

const START_BOUND_MS = 180_000;

/** Brings up the network, and the test's key, before anything of the test runs. */
const PRELUDE = `set -e
ip link set lo up
ip address add 10.0.0.2/24 dev vec0
ip link set vec0 up
install -D -m 600 /lab/key.pub /root/.ssh/authorized_keys
`;

/** What ssh needs to know. The machine's clients find its sshd as \`machine\`, and the test its own way in as \`control\`. */
function clientConfig(directory: string): string {
  return `
Host *
  HostName 10.0.0.2
  HostKeyAlias machine
  IdentityFile ${directory}/key
  IdentityAgent none
  UserKnownHostsFile ${directory}/known_hosts
  PasswordAuthentication no
Host control
  Port 22022
  User root
  LogLevel ERROR
  StrictHostKeyChecking accept-new
  ControlPath ${directory}/control
`;
}

/** Switches a machine on. `setup` is run by its root before sshd starts. Needs root. */
export async function switchOn(setup: string, release: Release): Promise<Running> {
  const execute = promisify(execFile);
  const image = await imageOf(release);
  const directory = mkdtempSync(join(tmpdir(), "afkill-machine-"));
  mkdirSync(join(directory, "lab/checkout"), { recursive: true });
  await execute("ssh-keygen", [
    "-q",
    "-t",
    "ed25519",
    "-N",
    "",
    "-C",
    "client",
    "-f",
    join(directory, "key"),
  ]);
  writeFileSync(join(directory, "lab/key.pub"), readFileSync(join(directory, "key.pub")));
  writeFileSync(join(directory, "lab/setup"), PRELUDE + setup);
  writeFileSync(join(directory, "ssh_config"), clientConfig(directory));

  // The parent-death signals make the machine end with this process, however it ends.
  const unshare = spawn(
    "setpriv",
    [
      ...[
        "--pdeathsig",
        "KILL",
        "unshare",
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--propagation",
        "private",
      ],
      ...["--kill-child", "/bin/sh", "-eu", join(import.meta.dirname, "host.sh"), directory, image, checkout],
    ],
    { env: cleanEnvironment, cwd: "/", stdio: ["ignore", "pipe", "pipe"] },
  );
  const ended = once(unshare, "close");
  const consoleFile = join(directory, "console");
  const log = createWriteStream(consoleFile);
  unshare.stderr.on("data", (data) => log.write(data));
  const lines = createInterface({ input: unshare.stdout });
  lines.on("line", (line) => log.write(`${line}\n`));
  const running = (pid: number): Running => ({
    pid,
    directory,
    console: () => readFileSync(consoleFile, "utf8"),
    stop: async () => {
      // A process 1 can be waited for only once every process of its namespace is gone, and unshare waits for it.
      if (unshare.exitCode === null && unshare.signalCode === null) process.kill(pid, "SIGKILL");
      await ended;
      log.end();
      rmSync(directory, { recursive: true, force: true });
    },
  });
  const bound = setTimeout(() => unshare.kill("SIGKILL"), START_BOUND_MS);
  const first = await Promise.race([once(lines, "line"), ended.then(() => undefined)]);
  clearTimeout(bound);
  const pid = /^pid (\d+)$/.exec(first?.[0] ?? "")?.[1];
  if (pid !== undefined) return running(Number(pid));
  await once(log.end(), "close");
  const errors = readFileSync(consoleFile, "utf8");
  rmSync(directory, { recursive: true, force: true });
  throw new Error(`the machine did not start: ${errors}`);
}
