// One check from beginning to end: observe, judge, act, and say when to look again.
import type { Login } from "../login/login.ts";
import type { Terminal } from "../login/terminal.ts";
import { type Applied, appliedTo } from "../policy/policy.ts";
import type { BootMs } from "../system/clock.ts";
import { reasonOf } from "../text/reason-of.ts";
import { ClockKeeper } from "./clock-keeper.ts";
import type { Host } from "./host.ts";
import { judge, type Verdict } from "./judge.ts";
import type { Locks } from "./lock-activity.ts";
import type { Memory } from "./memory.ts";
import { NOTHING_SEEN, type Observation, type Occasion } from "./observe.ts";
import { refutesTimes, remember, restAfter } from "./remember.ts";
import { situationOf } from "./situation.ts";

/** "done" if the login is gone, else seconds until the next check. */
export type CheckOutcome = "done" | number;

/** While a notice stands the policy is read again this often. */
const POLICY_MS = 5_000;

/**
 * If a look and acting on it take longer than this, they hang. The kernel then ends the check, and the watchdog starts one that looks from
 * afar.
 */
const LONGEST_LOOK_S = 120;

/** Runs one check, and goes on while a notice stands. Throws if the login could not be judged: then nothing was done to it. */
export async function guard(host: Host): Promise<CheckOutcome> {
  const recalled = await host.recall();
  let { memory } = recalled;
  const clocks = new ClockKeeper(host.readClocks, memory, recalled.told);
  const save = () => host.save({ ...memory, ...clocks.notes });
  let policy: { applied: Applied; atMs: BootMs } | undefined;
  let lookedAtMs: BootMs | undefined;
  for (;;) {
    const login = host.findLogin(memory.child);
    if (!login) return "done";
    if (!policy || clocks.bootMs - policy.atMs >= POLICY_MS || host.isUninstalled()) {
      const asked = await askPolicy(host, login, memory);
      memory = asked.memory;
      policy = { applied: asked.applied, atMs: clocks.bootMs };
      // To resolve groups can take seconds, and the clocks must be those of the look: a key that came meanwhile must be newer than older
      // ones.
      clocks.read();
    }
    const { map } = clocks;

    host.endAfter(LONGEST_LOOK_S);
    const asked = { login, applied: policy.applied, memory, map };
    const look = await lookSafely(host, asked);
    const { observation, failure } = look;
    // What applies depends on what the login is now: it can become another kind between two looks.
    const applied = appliedTo(observation.kind, policy.applied);
    const occasion = { ...asked, applied };
    const unseenMs = lookedAtMs === undefined ? 0 : clocks.idleMsSince(lookedAtMs);
    const verdict = judge({ ...situationOf(occasion, observation), unseenMs });
    lookedAtMs = clocks.bootMs;
    const scene = { login, applied, observation, map };
    await host.recordNews(scene, memory);
    // Acting takes time too. The alarm must not end it after a process was stopped and before its purpose is done.
    host.endAfter(LONGEST_LOOK_S);
    const ended = await host.act(verdict, scene);
    host.watch?.({ scene, verdict, ended, complaint: memory.complaint });
    if (ended || host.isOver()) return "done";
    memory = remember(occasion, await seenAfter(host, occasion, look, verdict), verdict);
    // While a notice of `max_login` stands, the check goes on even without a look.
    if (failure && !verdict.noticePending) {
      save();
      throw failure;
    }
    host.endAfter(0);

    const isForgotten = !save() && refutesTimes(memory);
    const rest = restAfter(verdict, memory.complaint, { alone: host.watch !== undefined, isForgotten });
    if (rest.leaves) return rest.answerS;
    await host.sleep(rest.waitMs);
    clocks.read();
  }
}

/** What applies to the login now, and the memory with it. A fault of the policy is recorded once, however long it lasts. */
async function askPolicy(
  host: Host,
  login: Login,
  memory: Memory,
): Promise<{ readonly applied: Applied; readonly memory: Memory }> {
  const { applied, lastGood, groups, complaint } = await host.decidePolicy(login, memory);
  if (complaint && complaint !== memory.complaint) await host.recordComplaint(login, applied, complaint);
  return { applied, memory: { ...memory, lastGood, groups, complaint } };
}

/** What the next look must know of this one. A look that failed forgets nothing. What was to be locked, is so now, or has failed. */
async function seenAfter(
  host: Host,
  { login, applied, memory }: Occasion,
  { observation, failure }: Look,
  verdict: Verdict,
): Promise<Observation> {
  if (failure) return { ...observation, subjects: memory.subjects, use: memory.use, locks: undefined };
  if (!verdict.decisions.some(({ kind }) => kind === "lock")) return observation;
  return { ...observation, locks: await host.readLocks(login, applied) };
}

/** What a look showed, and why it failed if it did. */
interface Look {
  readonly observation: Observation;
  readonly failure?: unknown;
}

/** Takes a look. If that fails, only the age of the login is judged: a login that cannot be looked at is not ended for being idle. */
async function lookSafely(host: Host, occasion: Occasion): Promise<Look> {
  const { login, applied } = occasion;
  let locks: Locks | undefined;
  try {
    locks = await host.readLocks(login, applied);
    return { observation: await host.observe({ ...occasion, locks }) };
  } catch (failure) {
    const terminals = terminalsSafely(host, login);
    const kind = occasion.memory.kind ?? NOTHING_SEEN.kind;
    const faults = { login: reasonOf(failure) };
    return { observation: { ...NOTHING_SEEN, kind, terminals, locks, faults }, failure };
  }
}

/** The terminals for a notice about the login's age, which need no look. */
function terminalsSafely(host: Host, login: Login): readonly Terminal[] {
  try {
    return host.terminalsOf(login);
  } catch {
    return [];
  }
}
