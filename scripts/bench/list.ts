// How long `afkill list` takes on a host with many logins, compared with `ps aux`. Both in turn, in one run, on one host (a lab).
//   node scripts/bench/list.ts [LOGINS]      needs root, and `npm run build` before
import { cpus } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { startLab } from "../../test/lab/lab.ts";

const logins = Number(process.argv[2] ?? 300);
const ROUNDS = 15;
/** sshd drops connections if more than ten have not authenticated yet. */
const AT_ONCE = 6;

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

await using lab = await startLab({ hook: "pam" });
await lab.addUser("visitor");
for (let at = 0; at < logins; at += AT_ONCE) {
  const some = Array.from({ length: Math.min(AT_ONCE, logins - at) }, () => lab.ssh("visitor"));
  await Promise.all(some.map((ssh) => ssh.waitFor(/\$ $/m)));
}
const seen = Number(await lab.must("afkill list --json | grep -c sshdPid"));
if (seen !== logins) throw new Error(`${seen} of ${logins} logins seen`);

/** The share of idle time of all CPUs, from 0 to 1, over two seconds. */
const idleShare = async () => {
  const read = () => {
    const times = cpus().map((cpu) => cpu.times);
    const allMs = times.flatMap((it) => Object.values(it)).reduce((sum, ms) => sum + ms, 0);
    return { idleMs: times.reduce((sum, { idle }) => sum + idle, 0), allMs };
  };
  const before = read();
  await pause(2000);
  const after = read();
  return (after.idleMs - before.idleMs) / (after.allMs - before.allMs);
};
// So many new logins make work for their sshds and first checks. Waits until the host is at rest.
for (let tries = 0; tries < 30 && (await idleShare()) < 0.9; tries++);

// Timed in the shell that starts both, so that both are measured alike.
const timed = async (command: string) => {
  const script = `s=$(date +%s%N); ${command} >/dev/null; echo $(($(date +%s%N) - s))`;
  return Number(await lab.must(script)) / 1e6;
};
const psMs: number[] = [];
const listMs: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  psMs.push(await timed("ps aux"));
  listMs.push(await timed("afkill list"));
}
const processes = (await lab.must("ps ax | wc -l")).trim();
console.log(
  `${logins} logins, ${processes} processes; ${cpus()[0]?.model}, ${cpus().length} cores; median of ${ROUNDS}, in turn`,
);
console.log(`ps aux       ${median(psMs).toFixed(0)} ms`);
console.log(`afkill list  ${median(listMs).toFixed(0)} ms`);
console.log(`ratio        ${(median(listMs) / median(psMs)).toFixed(2)}`);
// Closing 300 clients one by one would take longer than the measurement.
process.exit(0);
