// When an ending looks once more for what began at the last moment, and what is recorded of it.
import { beforeEach, expect, test, vi } from "vitest";
import type { AuditRecord } from "../../../src/audit/record.ts";
import type { Manner } from "../../../src/ending/hang-up.ts";
import type { EndingOutcome } from "../../../src/ending/insist.ts";
import type { TerminalActions } from "../../../src/ending/terminal-actions.ts";
import { act, type Scene, SPARED_MS } from "../../../src/guard/act.ts";
import type { EndReason, Verdict } from "../../../src/guard/judge.ts";
import type { Terminal } from "../../../src/login/terminal.ts";

const records = vi.hoisted((): AuditRecord[] => []);
vi.mock("../../../src/audit/record.ts", () => ({ record: async (it: AuditRecord) => void records.push(it) }));
beforeEach(() => void records.splice(0));

const LIMIT_MS = 20_000;
const NOW_MS = 1_000_000;
const id = "pts/3:12-1";

function sceneOf(idleMs: number): Scene {
  const terminal = { id, path: "/dev/pts/3" } as Terminal;
  const lastActivity = { source: "input", atMs: NOW_MS - idleMs, detail: "a key" } as const;
  return {
    login: { user: "alice", uid: 1000, server: { pid: 11, startTicks: 1 }, startedBootMs: 0 },
    applied: { exempt: false, rule: "top level", limits: { idleTimeoutMs: LIMIT_MS, maxLoginMs: 900_000 } },
    observation: { terminals: [terminal], subjects: { [id]: { lastActivity } }, commandsRun: false },
    map: { now: { bootMs: NOW_MS, wallMs: 0 }, toIdleMs: (ms: number) => ms },
  } as unknown as Scene;
}

/** Carries out the end of that login; returns since when what began would spare it, and whether it is gone. */
async function ended(
  reason: EndReason,
  idleMs: number,
  outcome: EndingOutcome,
  promisedMs?: number,
): Promise<{ sinceMs: number | undefined; gone: boolean }> {
  const seen: Manner[] = [];
  const endLogin: TerminalActions["endLogin"] = async (_, __, manner) => {
    seen.push(manner);
    return outcome;
  };
  const standing = promisedMs === undefined ? {} : { [id]: { sinceMs: 0, promisedMs, givenMs: [] } };
  const verdict: Verdict = {
    decisions: [{ kind: "end", reason, ids: [id] }],
    standing,
    endsAtMs: {},
    wakeInMs: 1000,
    noticePending: false,
  };
  const gone = await act(verdict, sceneOf(idleMs), new Map(), { endLogin } as TerminalActions);
  expect(seen).toHaveLength(1);
  return { sinceMs: seen[0]?.sinceMs, gone };
}

const GONE: EndingOutcome = { ended: true, steps: ["gone"] };
const late = LIMIT_MS + SPARED_MS + 1;

test.each([
  ["on time", "idle", LIMIT_MS, undefined, NOW_MS],
  ["a while late", "idle", late - 1, undefined, NOW_MS],
  ["later than a login is spared", "idle", late, undefined, undefined],
  ["late, since a notice promised it", "idle", late, NOW_MS - 1000, NOW_MS],
  ["later than was promised", "idle", 10 * late, NOW_MS - SPARED_MS - 1, undefined],
  ["for its age", "max_login", LIMIT_MS, undefined, undefined],
] as const)("an ending %s", async (_, reason, idleMs, promisedMs, sinceMs) => {
  expect(await ended(reason, idleMs, GONE, promisedMs)).toEqual({ sinceMs, gone: true });
  expect(records.map(({ action }) => action)).toEqual(["end"]);
});

test("a login that was spared is not gone: its terminals are recorded as hung up, and itself as kept", async () => {
  const spared = { ended: true, spared: true, steps: ["sshd lives on", "leader ended"] };
  expect((await ended("idle", LIMIT_MS, spared)).gone).toBe(false);
  expect(records).toMatchObject([
    {
      action: "hang-up",
      cause: "idle",
      terminals: ["pts/3"],
      ended: true,
      outcome: "sshd lives on; leader ended",
    },
    {
      action: "stay",
      cause: "activity",
      terminals: [],
      ended: null,
      outcome: "kept",
      reason: expect.stringContaining("began in it just before its end"),
    },
  ]);
});
