// What one check of a login costs in CPU and in time, for each kind of login, and how many times that of a Node that does nothing. Compared
// with the build of another checkout if one is given. All are measured in turn, in one run, on the same host (a lab).
//   node scripts/bench/check.ts [CHECKOUT]    needs root, and `npm run build` in both; CHECKOUT not below /root, /tmp or /run
import { cpus } from "node:os";
import { type Lab, startLab } from "../../test/lab/lab.ts";
import { isPrivilegedOf } from "../../test/lab/processes.ts";

const [other] = process.argv.slice(2);
const ROUNDS = 7;
const CHECKS = 10;
const POLICY = 'idle_timeout = "2h"\nno_terminal = "2h"\nwarn_before = ["1m"]\n';

/** What runs in a login: options of its client, its command, and what is typed. */
const KINDS: Readonly<Record<string, { options?: string[]; command?: string; types?: string }>> = {
  "a prompt": {},
  vim: { types: "vim /etc/services\r" },
  top: { types: "top\r" },
  make: { types: "sh -c 'while :; do sleep 0.2; head -c 100000 /dev/zero | sha256sum; done >out'\r" },
  "-L, unused": { options: ["-L", "18000:127.0.0.1:22"] },
  "-N": { options: ["-N"] },
  sftp: { options: ["-s"], command: "sftp" },
};

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

interface Cost {
  readonly cpuMs: number;
  readonly wallMs: number;
}

/** What a command costs, with everything that it starts: `times` prints the CPU time of the shell's children (POSIX). */
async function costOf(lab: Lab, command: string): Promise<Cost> {
  const script = `date +%s%N; i=0; while [ $i -lt ${CHECKS} ]; do ${command} >/dev/null || exit; i=$((i + 1)); done; date +%s%N; times`;
  const [began, ended, , children = ""] = (await lab.must(script)).trim().split("\n");
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
  );
  return {
    cpuMs: (1000 * seconds.reduce((sum, it) => sum + it, 0)) / CHECKS,
    wallMs: (Number(ended) - Number(began)) / 1e6 / CHECKS,
  };
}

/** The middle of several rounds. */
function middleOf(costs: readonly Cost[]): Cost {
  return {
    cpuMs: median(costs.map(({ cpuMs }) => cpuMs)),
    wallMs: median(costs.map(({ wallMs }) => wallMs)),
  };
}

await using lab = await startLab({ policy: POLICY });
const sshds = new Map<string, { pid: number; ticks: string }>();
for (const [index, [kind, { options = [], command, types }]] of Object.entries(KINDS).entries()) {
  const user = `user${index}`;
  await lab.addUser(user);
  const ssh = lab.ssh(user, options, command);
  if (!options.includes("-N") && !command) await ssh.waitFor(/\$ $/m);
  if (types) ssh.write(types);
  let sshd: number | undefined;
  await ssh.waitFor(() => {
    sshd = lab.processes().find(({ cmdline }) => isPrivilegedOf(user, cmdline))?.pid;
    return sshd !== undefined;
  });
  const stat = await lab.must(`cat /proc/${sshd}/stat`);
  sshds.set(kind, { pid: sshd ?? 0, ticks: stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "" });
}

const builds = [lab.checkout, ...(other === undefined ? [] : [other])];
const bare = `${lab.node} --no-warnings -e 0`;
const checkOf = (build: string, kind: string) => {
  const sshd = sshds.get(kind);
  const state = `/run/bench/${builds.indexOf(build)}-${sshd?.pid}`;
  return `${build}/node_modules/.bin/node --no-warnings ${build}/dist/check.js --config /etc/afkill/afkill.toml --state ${state} --privileged ${sshd?.pid}:${sshd?.ticks}`;
};
await lab.must(
  [...sshds.values()]
    .map(({ pid }) => `mkdir -p ${builds.map((_, at) => `/run/bench/${at}-${pid}`).join(" ")}`)
    .join("; "),
);
const bareCosts: Cost[] = [];
const costs = new Map<string, Cost[]>();
for (let round = 0; round < ROUNDS; round++) {
  bareCosts.push(await costOf(lab, bare));
  for (const kind of sshds.keys())
    for (const build of builds) {
      const key = `${kind}\n${build}`;
      costs.set(key, [...(costs.get(key) ?? []), await costOf(lab, checkOf(build, kind))]);
    }
}

const nothing = middleOf(bareCosts);
/** One line: CPU and time, each with its ratio to bare Node. */
function line(name: string, { cpuMs, wallMs }: Cost): string {
  const part = (ms: number, bareMs: number) =>
    `${ms.toFixed(1).padStart(8)} ${(ms / bareMs).toFixed(2).padStart(6)}`;
  return `${name.padEnd(14)}${part(cpuMs, nothing.cpuMs)}${part(wallMs, nothing.wallMs)}`;
}
console.log(
  `A check, and its ratio to bare Node; ${cpus()[0]?.model}, ${cpus().length} cores; median of ${ROUNDS} rounds of ${CHECKS}, in turn`,
);
console.log(`${"".padEnd(14)}  CPU ms  ratio time ms  ratio`);
console.log(line("bare Node", nothing));
for (const kind of sshds.keys())
  for (const [at, build] of builds.entries())
    console.log(line(at === 0 ? kind : "  the other", middleOf(costs.get(`${kind}\n${build}`) ?? [])));
process.exit(0);
