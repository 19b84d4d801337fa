// The cost of a wrap in the stream of a login, compared with a plain login and with other programs in its place: throughput, latency of a
// key's echo, memory, and memory for a client that stops reading. All in one lab, in one run, in turn.
//   node scripts/bench/wrap.ts [MEGABYTES]      needs root, `npm run build` before, and the packages tlog and tmux
import { cpus } from "node:os";
import { type Lab, type Ssh, startLab } from "../../test/lab/lab.ts";

const megabytes = Number(process.argv[2] ?? 200);
const ROUNDS = 3;
const KEYS = 200;
const FILES = ["lines", "styles"];

interface Peer {
  readonly name: string;
  /** The ForceCommand of its user. It runs the command that the client asked for, or a shell. */
  readonly command: string | undefined;
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: for the shell to expand
const run = "${SSH_ORIGINAL_COMMAND:-$SHELL}";
const peers: readonly Peer[] = [
  { name: "plain", command: undefined },
  { name: "script", command: `exec script -q -c "${run}" /dev/null` },
  { name: "tlog", command: `LANG=C.UTF-8 exec tlog-rec-session -c "${run}"` },
  { name: "tmux", command: `exec tmux -L bench -f /dev/null new-session "${run}"` },
  { name: "wrap", command: "exec /usr/lib/afkill/forced-command wrap" },
];

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

async function prepare(): Promise<Lab> {
  const forced = peers.filter(({ command }) => command !== undefined);
  const lab = await startLab({
    hook: "force-command",
    policy: 'idle_timeout = "1h"\n',
    sshd: forced.map(({ name, command }) => `Match User ${name}\nForceCommand ${command}`).join("\n"),
  });
  // The hook's own drop-in is removed, because each user has another command here.
  await lab.must("rm /etc/ssh/sshd_config.d/50-afkill.conf");
  await lab.reloadSshd();
  for (const { name } of peers) await lab.addUser(name);
  await lab.write(
    "/etc/tlog/tlog-rec-session.conf",
    '{ "writer": "file", "file": { "path": "/dev/null" }, "notice": "" }',
  );
  // The package creates the first at boot; the library for its sessions needs the second.
  await lab.must("install -d -m 1777 /run/tlog && chmod 666 /run/utmp");
  const line = "The quick brown fox jumps over the lazy dog, and the dog sleeps on. ";
  await lab.must(`yes '${line}' | head -c ${megabytes}M > /srv/lines`);
  // Like the output of a compiler or ls: styles in each line.
  await lab.must(
    `yes "$(printf '\\033[1mfile.c:12:\\033[0m \\033[35mwarning:\\033[0m unused variable \\033[32mx\\033[0m')" | head -c ${megabytes}M > /srv/styles`,
  );
  return lab;
}

/** Throughput in megabytes a second: the client reads a file and throws the bytes away. */
async function throughput(lab: Lab, user: string, file: string): Promise<number> {
  const script = `s=$(date +%s%N); ssh -tt ${user}@lab 'cat /srv/${file}' </dev/null >/dev/null 2>&1; echo $(($(date +%s%N) - s))`;
  return (megabytes * 1e9) / Number(await lab.must(script, { timeoutMs: 600_000 }));
}

/** The time from a key to its echo in ms; the median of many. */
async function latency(ssh: Ssh): Promise<number> {
  const waits: number[] = [];
  for (let key = 0; key < KEYS; key += 1) {
    const before = ssh.output.length;
    const startMs = performance.now();
    const echoed = new Promise<void>((resolve) => {
      ssh.onOutput(() => {
        if (ssh.output.length > before) resolve();
      });
    });
    ssh.write(String.fromCharCode(97 + (key % 26)));
    await echoed;
    waits.push(performance.now() - startMs);
    await new Promise((resolve) => setTimeout(resolve, 10));
    if (key % 60 === 59) ssh.write("\u0015");
  }
  return median(waits);
}

/** The memory that only these processes use, in MB: their private pages. */
async function privateMegabytes(lab: Lab, user: string): Promise<number> {
  const pids = lab
    .processes()
    .filter((it) => it.user === user && !it.comm.startsWith("sshd") && it.comm !== "cat")
    .map(({ pid }) => pid);
  const kilobytes = await lab.must(
    `cat ${pids.map((pid) => `/proc/${pid}/smaps_rollup`).join(" ")} | awk '/^Private/ { sum += $2 } END { print sum }'`,
  );
  return Number(kilobytes) / 1024;
}

/** The private memory of a wrap, in MB, before its client is stopped under a flood, and after its memory no longer changes. */
async function stopped(lab: Lab): Promise<readonly [beforeMb: number, thenMb: number]> {
  const ssh = lab.ssh("wrap", ["-tt"], "cat");
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const beforeMb = await privateMegabytes(lab, "wrap");
  ssh.kill();
  await ssh.exit;
  const client = lab.spawn(
    "exec ssh -tt wrap@lab 'head -c 1G /dev/zero | tr \\\\0 a' </dev/null >/dev/null 2>&1",
  );
  await lab.must("until pgrep -u wrap tr; do sleep 0.1; done; sleep 1; pkill -STOP -f '^ssh -tt wrap'");
  const passed = () => lab.must("awk '/^wchar/ { print $2 }' /proc/$(pgrep -u wrap -x tr)/io");
  let [before, now] = ["", await passed()];
  while (now !== before) {
    await new Promise((resolve) => setTimeout(resolve, 3000));
    [before, now] = [now, await passed()];
  }
  const thenMb = await privateMegabytes(lab, "wrap");
  await lab.must("pkill -KILL -f '^ssh -tt wrap'");
  client.kill();
  return [beforeMb, thenMb];
}

await using lab = await prepare();
const rates = new Map(peers.flatMap(({ name }) => FILES.map((file) => [`${name} ${file}`, [] as number[]])));
for (let round = 0; round < ROUNDS; round += 1)
  for (const file of FILES)
    for (const { name } of peers) rates.get(`${name} ${file}`)?.push(await throughput(lab, name, file));
const results = [];
for (const { name } of peers) {
  const ssh = lab.ssh(name, ["-tt"], "cat");
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const echoMs = await latency(ssh);
  const memory = await privateMegabytes(lab, name);
  ssh.kill();
  const [lines = 0, styles = 0] = FILES.map((file) => median(rates.get(`${name} ${file}`) ?? []));
  results.push({ name, lines, styles, echoMs, memory });
}
const plain = results[0];
console.log(
  `${cpus()[0]?.model}, ${cpus().length} cores; ${megabytes} MB each way, median of ${ROUNDS}; echo: median of ${KEYS} keys`,
);
console.log("          lines MB/s  styles MB/s  echo ms  more than plain  private MB");
for (const { name, lines, styles, echoMs, memory } of results)
  console.log(
    `${name.padEnd(8)}  ${lines.toFixed(0).padStart(10)}  ${styles.toFixed(0).padStart(11)}  ${echoMs.toFixed(2).padStart(7)}  ${(echoMs - (plain?.echoMs ?? 0)).toFixed(2).padStart(15)}  ${memory.toFixed(1).padStart(10)}`,
  );
const [beforeMb, thenMb] = await stopped(lab);
console.log(
  `wrap of a client that was stopped under a flood of 1 GB: ${thenMb.toFixed(1)} MB, ${beforeMb.toFixed(1)} MB before`,
);
process.exit(0);
