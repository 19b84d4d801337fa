// The loop of a check, on a host that does what a test says.
import { expect, test, vi } from "vitest";
import type { Scene } from "../../../src/guard/act.ts";
import { guard } from "../../../src/guard/guard.ts";
import type { Host } from "../../../src/guard/host.ts";
import type { Decision } from "../../../src/guard/judge.ts";
import { BLANK, type Memory, type SubjectMemory } from "../../../src/guard/memory.ts";
import type { Observation } from "../../../src/guard/observe.ts";
import type { LockRecord } from "../../../src/lock/record.ts";
import { ALICE, hostWith, NOBODY, policyOf } from "../../support/hosts.ts";

const S = 1_000;
const M = 60 * S;
const HOUR_MS = 60 * M;
const id = "pts/1:2-3";

/** A terminal whose last key came so long before the hour at which the host stands. */
function idleFor(idleMs: number): Observation {
  const lastActivity = { source: "input", atMs: HOUR_MS - idleMs, detail: "a key" } as const;
  const subject = { lastActivity, baseline: { bootMs: HOUR_MS, job: {} } };
  return { ...NOBODY, kind: "shell", subjects: { [id]: subject } };
}

const MINUTE = { idleTimeoutMs: M, warnBeforeMs: [30 * S] };

/** Tells what was decided, and at which scenes. */
function recorder() {
  const decided: Decision[] = [];
  const scenes: Scene[] = [];
  const act: Host["act"] = async ({ decisions }, scene) => {
    decided.push(...decisions);
    scenes.push(scene);
    return decisions.some(({ kind }) => kind === "end");
  };
  return { act, decided, scenes };
}

test("a login that is gone is done with, and nothing of it is looked at", async () => {
  const observe = vi.fn<Host["observe"]>();
  expect(await guard(hostWith({ findLogin: () => undefined, observe }))).toBe("done");
  expect(observe).not.toHaveBeenCalled();
});

test("the sshd that an earlier look found is looked for again", async () => {
  const findLogin = vi.fn<Host["findLogin"]>(() => undefined);
  const child = { pid: 12, startTicks: 3 };
  await guard(hostWith({ findLogin, recall: () => ({ memory: { ...BLANK, child } }) }));
  expect(findLogin).toHaveBeenCalledWith(child);
});

test("an idle login is warned, watched while the notice stands, and ended", async () => {
  const { act, decided, scenes } = recorder();
  const sleep = vi.fn<Host["sleep"]>();
  const host = hostWith({ limits: MINUTE, observe: async () => idleFor(45 * S), act });
  const outcome = await guard({ ...host, sleep: sleep.mockImplementation(host.sleep) });
  expect(outcome).toBe("done");
  expect(decided.map(({ kind }) => kind)).toEqual(["notice", "end"]);
  expect(sleep.mock.calls.length).toBe(scenes.length - 1);
  expect(new Set(sleep.mock.calls.flat())).toEqual(new Set([S]));
});

test("without a notice the check leaves, and tells when to look again", async () => {
  const save = vi.fn<Host["save"]>(() => true);
  const host = hostWith({ limits: MINUTE, observe: async () => idleFor(5 * S), save });
  expect(await guard(host)).toBe(10);
  expect(save.mock.lastCall?.[0]).toMatchObject({
    subjects: { [id]: { lastActivity: { source: "input" } } },
    clocks: { bootMs: HOUR_MS },
  });
});

test("an ending that did not work is tried again in ten seconds", async () => {
  const host = hostWith({
    limits: MINUTE,
    observe: async () => idleFor(2 * HOUR_MS),
    act: async () => false,
  });
  const memory: Memory = {
    ...BLANK,
    standing: { [id]: { sinceMs: 0, promisedMs: HOUR_MS, givenMs: [30 * S] } },
  };
  expect(await guard({ ...host, recall: () => ({ memory }) })).toBe(10);
});

test("the policy is read again every five seconds while a notice stands, and at once where it was withdrawn", async () => {
  const { act, scenes } = recorder();
  let asked = 0;
  const decidePolicy: Host["decidePolicy"] = async () => {
    asked += 1;
    return { applied: policyOf(MINUTE), lastGood: undefined, groups: undefined, complaint: undefined };
  };
  const observe = async () => idleFor(45 * S);
  await guard(hostWith({ observe, act, decidePolicy }));
  expect(asked).toBe(1 + Math.floor((scenes.length - 1) / 5));
  asked = 0;
  const before = scenes.length;
  await guard(hostWith({ observe, act, decidePolicy, isUninstalled: () => true }));
  expect(asked).toBe(scenes.length - before);
});

test("a fault of the policy is recorded once, and remembered", async () => {
  const recordComplaint = vi.fn<Host["recordComplaint"]>(async () => undefined);
  const save = vi.fn<Host["save"]>(() => true);
  const complaint = "/etc/afkill/afkill.toml:1: no such key";
  const faulty = { applied: policyOf({}), lastGood: policyOf({}), groups: undefined, complaint };
  const host = hostWith({ decidePolicy: async () => faulty, recordComplaint, save });
  // What no file tells the end of is looked at again within a minute.
  expect(await guard(host)).toBe(60);
  expect(recordComplaint.mock.calls).toEqual([[ALICE, faulty.applied, complaint]]);
  const memory = save.mock.lastCall?.[0] ?? BLANK;
  expect(memory).toMatchObject({ complaint, lastGood: faulty.lastGood });
  await guard({ ...host, recall: () => ({ memory }) });
  expect(recordComplaint).toHaveBeenCalledTimes(1);
});

test("the clocks of a look are read after the policy, which can take its time", async () => {
  const { act, scenes } = recorder();
  const host = hostWith({ act });
  const decidePolicy: Host["decidePolicy"] = async (login, memory) => {
    await host.sleep(7 * S);
    return host.decidePolicy(login, memory);
  };
  await guard({ ...host, decidePolicy });
  expect(scenes.map(({ map }) => map.now.bootMs)).toEqual([HOUR_MS + 7 * S]);
});

test("a suspend in a check's own sleep is noted, and counts for nobody", async () => {
  const { act, decided, scenes } = recorder();
  const save = vi.fn<Host["save"]>(() => true);
  const host = hostWith({ limits: MINUTE, observe: async () => idleFor(45 * S), act, save });
  let suspendedMs = 0;
  const readClocks = () => ({ ...host.readClocks(), suspendedMs });
  const sleep = async (ms: number) => {
    if (suspendedMs === 0) {
      suspendedMs = 20 * S;
      await host.sleep(suspendedMs);
    }
    await host.sleep(ms);
  };
  expect(await guard({ ...host, readClocks, sleep })).toBe("done");
  expect(decided.map(({ kind }) => kind)).toEqual(["notice", "end"]);
  expect((scenes.at(-1)?.map.now.bootMs ?? 0) - HOUR_MS).toBe(30 * S + 20 * S);
  expect(save.mock.lastCall?.[0].history).toMatchObject([{ kind: "gap" }]);
});

test("a notice that stood while the machine stood still is given anew, in full", async () => {
  const { act, decided } = recorder();
  const host = hostWith({ limits: MINUTE, observe: async () => idleFor(45 * S), act });
  let stoodStill = false;
  const sleep = async (ms: number) => {
    await host.sleep(stoodStill ? ms : 40 * S);
    stoodStill = true;
  };
  expect(await guard({ ...host, sleep })).toBe("done");
  expect(decided.map(({ kind }) => kind)).toEqual(["notice", "notice", "end"]);
});

test("what a watchdog noted of the clocks is told to the first reading", async () => {
  const { act, scenes } = recorder();
  const told = { events: [{ kind: "gap", fromBootS: 3_500, toBootS: 3_520 } as const], begun: undefined };
  const host = hostWith({ act, recall: () => ({ memory: BLANK, told }) });
  const readClocks = () => ({ ...host.readClocks(), suspendedMs: 20 * S });
  await guard({ ...host, readClocks });
  expect(scenes[0]?.map.toIdleMs(HOUR_MS)).toBe(HOUR_MS - 20 * S);
});

test("news are recorded against what was known before the look", async () => {
  const recordNews = vi.fn<Host["recordNews"]>(async () => undefined);
  const memory: Memory = { ...BLANK, faults: { "pts/9": "locked" } };
  await guard(hostWith({ recordNews, recall: () => ({ memory }) }));
  expect(recordNews.mock.lastCall?.[1].faults).toEqual(memory.faults);
});

test("a failed look forgets nothing of what was known", async () => {
  const save = vi.fn<Host["save"]>(() => true);
  const { subjects } = idleFor(M);
  const observe = async () => {
    throw new Error("no");
  };
  await expect(
    guard(hostWith({ observe, save, recall: () => ({ memory: { ...BLANK, subjects } }) })),
  ).rejects.toThrow("no");
  expect(save.mock.lastCall?.[0].subjects).toEqual(subjects);
});

const LOCK = { number: 1, sinceMs: HOUR_MS - 10 * S, wrongAnswers: 0 } as LockRecord;

test("a look is told what is locked, and the next one that it was", async () => {
  const save = vi.fn<Host["save"]>(() => true);
  const observe = vi.fn<Host["observe"]>(async ({ locks }) => ({ ...NOBODY, locks }));
  await guard(hostWith({ observe, save, readLocks: async () => ({ [id]: LOCK }) }));
  expect(observe.mock.lastCall?.[0].locks).toEqual({ [id]: LOCK });
  expect(save.mock.lastCall?.[0]).toMatchObject({ locked: [id], notLocked: [] });
});

test("what a check has locked is remembered as locked, and what it could not lock as that", async () => {
  const saved = async (works: boolean) => {
    const save = vi.fn<Host["save"]>(() => true);
    let locks = {};
    const act: Host["act"] = async ({ decisions }) => {
      if (works && decisions.some(({ kind }) => kind === "lock")) locks = { [id]: LOCK };
      return false;
    };
    const limits = { ...MINUTE, warnBeforeMs: [], atLimit: "lock", lockMaxMs: HOUR_MS } as const;
    const observe: Host["observe"] = async (seen) => ({ ...idleFor(61 * S), locks: seen.locks });
    const host = hostWith({ limits, observe, act, save, readLocks: async () => locks, isOver });
    let looks = 0;
    function isOver() {
      return ++looks > 1;
    }
    await guard(host);
    return save.mock.calls[0]?.[0];
  };
  expect(await saved(true)).toMatchObject({ locked: [id], notLocked: [] });
  expect(await saved(false)).toMatchObject({ locked: [], notLocked: [id] });
});

test("a failed look forgets no lock, and tells those who act of it", async () => {
  const save = vi.fn<Host["save"]>(() => true);
  const { act, scenes } = recorder();
  const observe = async () => {
    throw new Error("no");
  };
  const memory: Memory = { ...BLANK, locked: [id, "pts/2"] };
  const host = hostWith({ observe, save, act, readLocks: async () => ({ [id]: LOCK }) });
  await expect(guard({ ...host, recall: () => ({ memory }) })).rejects.toThrow("no");
  expect(save.mock.lastCall?.[0].locked).toEqual(memory.locked);
  expect(scenes[0]?.observation.locks).toEqual({ [id]: LOCK });
});

test("where locks cannot be read, the age of the login is judged", async () => {
  const { act, decided } = recorder();
  const readLocks = async () => {
    throw new Error("no");
  };
  const limits = { maxLoginMs: 1, warnBeforeMs: [] };
  expect(await guard(hostWith({ limits, readLocks, act }))).toBe("done");
  expect(decided).toMatchObject([{ kind: "end", reason: "max_login" }]);
});

test("who asked for the check hears of each look, and the check is over once no notice stands", async () => {
  const watch = vi.fn<NonNullable<Host["watch"]>>();
  const soon = { limits: { idleTimeoutMs: M, warnBeforeMs: [] }, observe: async () => idleFor(59.5 * S) };
  expect(await guard(hostWith({ ...soon, watch }))).toBe(0);
  expect(watch.mock.calls).toMatchObject([[{ ended: false, verdict: { decisions: [] } }]]);
  // A watchdog's check waits for half a second itself.
  expect(await guard(hostWith(soon))).toBe("done");
});

test("a wrap is done with once its terminal is gone", async () => {
  const save = vi.fn<Host["save"]>(() => true);
  expect(await guard(hostWith({ isOver: () => true, save }))).toBe("done");
  expect(save).not.toHaveBeenCalled();
});

/** As for `idleFor`, with the last key as it is remembered. `payloadBytes`: what the client had sent by then, where times are not trusted. */
function idleByInput(idleMs: number, payloadBytes?: number): Observation {
  const { subjects, ...seen } = idleFor(idleMs);
  const input = { accessedWallS: 1, unreadBytes: [], atMs: HOUR_MS - idleMs, payloadBytes };
  return { ...seen, subjects: { [id]: { ...subjects[id], input } as SubjectMemory } };
}

const HOURS = { idleTimeoutMs: 3 * HOUR_MS, warnBeforeMs: [M] };

/** For how long a check that can write its memory only the third time sleeps before it leaves. */
async function sleepsOf(observation: Observation, more: Partial<Host> = {}): Promise<unknown[]> {
  const sleep = vi.fn<Host["sleep"]>();
  let saves = 0;
  const save = () => ++saves > 2;
  const host = hostWith({ limits: HOURS, observe: async () => observation, save, ...more });
  await guard({ ...host, sleep: sleep.mockImplementation(host.sleep) });
  return sleep.mock.calls.flat();
}

test("a check that cannot write what refutes a time of a terminal stays until it can", async () => {
  expect(await sleepsOf(idleByInput(S, 7))).toEqual([20 * S, 20 * S]);
});

test("a check whose memory refutes nothing leaves without it, and so does one that nobody sleeps for", async () => {
  expect(await sleepsOf(idleByInput(S))).toEqual([]);
  expect(await sleepsOf(idleByInput(S, 7), { watch: () => undefined })).toEqual([]);
});
