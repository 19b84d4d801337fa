// What carrying out a verdict does to which terminal, and what it records.
import { beforeEach, expect, test, vi } from "vitest";
import type { AuditRecord } from "../../../src/audit/record.ts";
import type { TerminalActions } from "../../../src/ending/terminal-actions.ts";
import { act, recordFaults, recordStays, type Scene } from "../../../src/guard/act.ts";
import { type Decision, WHOLE_LOGIN } from "../../../src/guard/judge.ts";
import { BLANK, type SubjectMemory } from "../../../src/guard/memory.ts";
import { newFaultsIn, newStaysIn } from "../../../src/guard/news.ts";
import type { Terminal } from "../../../src/login/terminal.ts";
import type { Shown } from "../../../src/notice/show.ts";
import { ALICE, policyOf } from "../../support/hosts.ts";

const records = vi.hoisted((): AuditRecord[] => []);
vi.mock("../../../src/audit/record.ts", () => ({ record: async (it: AuditRecord) => void records.push(it) }));

const S = 1_000;
const NOW_MS = 1_000 * S;
const [ONE, TWO] = ["pts/1:2-3", "pts/2:4-5"] as const;
const terminals = [ONE, TWO].map((id) => ({ id, path: `/dev/${id.split(":")[0]}` }) as Terminal);
const BAR: Shown = { form: "bar", group: 7 };

const said: string[][] = [];
const actions = {
  showNotice: vi.fn<TerminalActions["showNotice"]>(),
  showStays: vi.fn<TerminalActions["showStays"]>(),
  sayFarewell: vi.fn<TerminalActions["sayFarewell"]>(),
  hangUp: vi.fn<TerminalActions["hangUp"]>(),
  endLogin: vi.fn<TerminalActions["endLogin"]>(),
};

beforeEach(() => {
  vi.resetAllMocks();
  records.length = 0;
  said.length = 0;
  actions.showNotice.mockImplementation(async (terminal, say) => {
    said.push([terminal.id, ...say(200).prompt]);
    return BAR;
  });
  actions.showStays.mockImplementation(async (terminal, _, say) => {
    said.push([terminal.id, ...say(200).prompt]);
  });
  actions.hangUp.mockResolvedValue({ ended: true, steps: ["hung up"] });
  actions.endLogin.mockResolvedValue({ ended: true, steps: ["sshd ended"] });
});

/** Alice's login of two terminals, idle for so long. */
function sceneOf(idleMs: Readonly<Record<string, number>>, source = "input"): Scene {
  const subjects = Object.entries(idleMs).map(([id, ms]) => [
    id,
    { lastActivity: { source, atMs: NOW_MS - ms, detail: "by root: she asked" } },
  ]);
  return {
    login: { ...ALICE, startedBootMs: NOW_MS - 700 * S },
    applied: policyOf({ idleTimeoutMs: 60 * S, maxLoginMs: 900 * S, message: "ask the desk" }),
    observation: { terminals, kind: "shell", subjects: Object.fromEntries(subjects), faults: {} },
    map: { now: { bootMs: NOW_MS, wallMs: NOW_MS }, toIdleMs: (ms: number) => ms },
  } as unknown as Scene;
}

async function carryOut(decision: Decision, scene: Scene, shown = new Map<string, Shown>()) {
  const verdict = { decisions: [decision], standing: {}, endsAtMs: {}, wakeInMs: S, noticePending: false };
  return { gone: await act(verdict, scene, shown, actions), shown };
}

const notice = (id: string): Decision => ({
  kind: "notice",
  id,
  standing: { sinceMs: NOW_MS, promisedMs: NOW_MS + 20 * S, givenMs: [] },
  endsAtMs: NOW_MS + 20 * S,
});

test("a notice stands on its terminal only, and is recorded with what it was given on", async () => {
  const { gone, shown } = await carryOut(notice(ONE), sceneOf({ [ONE]: 40 * S, [TWO]: 0 }));
  expect([gone, [...shown]]).toEqual([false, [[ONE, BAR]]]);
  expect(said).toEqual([
    [ONE, expect.stringContaining("closes in 20 s"), expect.stringContaining("40 s"), "ask the desk"],
  ]);
  expect(records).toMatchObject([
    {
      action: "notice",
      cause: "idle",
      terminals: ["pts/1"],
      idleSeconds: 40,
      limitSeconds: 60,
      reason: "closes in 20 s",
    },
  ]);
});

test("a notice of the login's age goes to all of its terminals", async () => {
  await carryOut(notice(WHOLE_LOGIN), sceneOf({ [ONE]: 0, [TWO]: 0 }));
  expect(said.map(([id]) => id)).toEqual([ONE, TWO]);
  expect(said[0]?.join()).toContain("11 min 40 s");
  expect(records).toMatchObject([
    { action: "notice", cause: "max_login", terminals: ["pts/1", "pts/2"], limitSeconds: 900 },
  ]);
});

test("a notice says that the terminal locks, if the limit locks it; that of the login's age does not", async () => {
  const scene = sceneOf({ [ONE]: 40 * S, [TWO]: 0 });
  const limits = { ...scene.applied.limits, atLimit: "lock" } as const;
  for (const id of [ONE, WHOLE_LOGIN])
    await carryOut(notice(id), { ...scene, applied: { ...scene.applied, limits } });
  expect(said.map(([, first]) => first)).toEqual([
    expect.stringContaining("locks in 20 s"),
    expect.stringContaining("closes in 20 s"),
    expect.stringContaining("closes in 20 s"),
  ]);
});

test("a notice that no terminal takes does not stand, and the record says so", async () => {
  actions.showNotice.mockResolvedValue(undefined);
  const { shown } = await carryOut(notice(ONE), sceneOf({ [ONE]: 40 * S }));
  expect(shown.size).toBe(0);
  expect(records).toHaveLength(1);
  expect(records[0]?.outcome).not.toContain("bar");
});

test.each([
  ["input", "activity", "stay"],
  ["busy", "activity", "work"],
  ["keep", "administrator", "administrator"],
] as const)("what is taken back for %s says why, and is recorded as %s", async (source, cause, word) => {
  const stay: Decision = { kind: "stay", id: ONE, why: "activity" };
  const { shown } = await carryOut(
    stay,
    sceneOf({ [ONE]: 0 }, source),
    new Map([
      [ONE, BAR],
      [TWO, BAR],
    ]),
  );
  expect(actions.showStays.mock.calls).toEqual([[terminals[0], BAR, expect.any(Function)]]);
  expect([...shown.keys()]).toEqual([TWO]);
  expect(said[0]?.join()).toContain(word);
  expect(records).toMatchObject([{ action: "stay", cause, ended: null, outcome: "kept" }]);
});

test("only the terminal that is idle is hung up", async () => {
  const decision: Decision = { kind: "hang-up", id: TWO, reason: "idle" };
  const { gone } = await carryOut(decision, sceneOf({ [ONE]: 0, [TWO]: 61 * S }));
  expect(gone).toBe(false);
  expect(actions.hangUp.mock.calls).toMatchObject([[{ id: TWO }, { graceMs: 5_000 }]]);
  expect(records).toMatchObject([
    {
      action: "hang-up",
      cause: "idle",
      terminals: ["pts/2"],
      ended: true,
      outcome: "hung up",
      reason: "idle for 61 s, the limit is 60 s",
    },
  ]);
});

test("a terminal that is gone by now is not hung up, and nothing is recorded", async () => {
  await carryOut({ kind: "hang-up", id: "pts/9:8-7", reason: "idle" }, sceneOf({ [ONE]: 0 }));
  expect(actions.hangUp).not.toHaveBeenCalled();
  expect(records).toEqual([]);
});

test("the end of a login is recorded with its longest idle terminal, and with whether it worked", async () => {
  const end: Decision = { kind: "end", reason: "idle", ids: [ONE, TWO] };
  expect((await carryOut(end, sceneOf({ [ONE]: 70 * S, [TWO]: 65 * S }))).gone).toBe(true);
  actions.endLogin.mockResolvedValue({ ended: false, steps: ["sshd lives on"] });
  expect((await carryOut(end, sceneOf({ [ONE]: 70 * S, [TWO]: 65 * S }))).gone).toBe(false);
  expect(records).toMatchObject([
    {
      action: "end",
      ended: true,
      idleSeconds: 65,
      terminals: ["pts/1", "pts/2"],
      reason: "idle for 65 s, the limit is 60 s",
    },
    { action: "end", ended: false, outcome: "sshd lives on" },
  ]);
});

test("a stay that its user asked for is recorded once", async () => {
  const scene = sceneOf({ [ONE]: 0 }, "stay");
  const subjects = scene.observation.subjects as Record<string, SubjectMemory>;
  await recordStays(scene, newStaysIn(scene.observation, BLANK));
  await recordStays(scene, newStaysIn(scene.observation, { ...BLANK, subjects }));
  expect(records).toMatchObject([
    { action: "stay", cause: "user", terminals: ["pts/1"], reason: "by root: she asked" },
  ]);
});

test("what cannot be read is recorded once for as long as it lasts", async () => {
  const scene = sceneOf({ [ONE]: 0 });
  const faulty = { ...scene, observation: { ...scene.observation, faults: { [ONE]: "locked" } } };
  await recordFaults(faulty, newFaultsIn(faulty.observation, BLANK));
  await recordFaults(faulty, newFaultsIn(faulty.observation, { ...BLANK, faults: { [ONE]: "locked" } }));
  expect(records).toMatchObject([
    { action: "fault", outcome: "not read", terminals: ["pts/1"], reason: "locked" },
  ]);
});
