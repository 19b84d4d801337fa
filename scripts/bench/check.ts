// What one check of a login costs in CPU time, for each kind of login. Compared with bare Node, and with the build of another checkout
// if one is given. All are measured in turn, in one run, on the same host (a lab).
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

/** CPU time of a command and everything that it starts, in ms: `times` prints the time of the shell's children (POSIX). */
async function cpuMs(lab: Lab, command: string): Promise<number> {
  const script = `i=0; while [ $i -lt ${CHECKS} ]; do ${command} >/dev/null || exit; i=$((i + 1)); done; times`;
  const [, children = ""] = (await lab.must(script)).trim().split("\n");
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
  );
  return (1000 * seconds.reduce((sum, it) => sum + it, 0)) / CHECKS;
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
const bareMs: number[] = [];
const costMs = new Map<string, number[]>();
for (let round = 0; round < ROUNDS; round++) {
  bareMs.push(await cpuMs(lab, bare));
  for (const kind of sshds.keys())
    for (const build of builds) {
      const key = `${kind}\n${build}`;
      costMs.set(key, [...(costMs.get(key) ?? []), await cpuMs(lab, checkOf(build, kind))]);
    }
}
console.log(
  `CPU of a check in ms; ${cpus()[0]?.model}, ${cpus().length} cores; median of ${ROUNDS} rounds of ${CHECKS}, in turn`,
);
console.log(`${"bare Node".padEnd(14)}${median(bareMs).toFixed(0).padStart(6)}`);
for (const kind of sshds.keys()) {
  const [own = Number.NaN, beside] = builds.map((build) => median(costMs.get(`${kind}\n${build}`) ?? []));
  const ratio =
    beside === undefined ? "" : `  beside ${beside.toFixed(0)}, ratio ${(own / beside).toFixed(2)}`;
  console.log(`${kind.padEnd(14)}${own.toFixed(0).padStart(6)}${ratio}`);
}
process.exit(0);
