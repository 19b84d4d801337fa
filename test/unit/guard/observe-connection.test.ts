// Payload beside terminals: whose it is, by what the login runs and by what its terminals had meanwhile.
import { expect, test } from "vitest";
import type { Traffic } from "../../../src/activity/traffic.ts";
import { BLANK, type Memory } from "../../../src/guard/memory.ts";
import { interpret, LOGIN_SUBJECT } from "../../../src/guard/observe.ts";
import type { Login } from "../../../src/login/login.ts";
import type { Terminal } from "../../../src/login/terminal.ts";
import { DEFAULT_LIMITS } from "../../../src/policy/merge.ts";
import type { Limits } from "../../../src/policy/policy.ts";
import { mapClocks } from "../../../src/system/clock.ts";

const WALL_MS = 1_700_000_000_000;
const BEGIN_MS = 500_000;
const TERMINAL = { id: "pts/1:4712-20", leader: { pid: 4712, startTicks: 20 }, foregroundJob: [] };
const login = { server: { pid: 4711, startTicks: 12 }, startedBootMs: 1000 } as Login;

/** What is there, and moves between two looks a second apart. */
interface Scene {
  readonly hasTerminal?: boolean;
  readonly commandsRun?: boolean;
  /** Payload from the client, and for it. */
  readonly inBytes?: number;
  readonly outBytes?: number;
  /** The terminal had keys, or output. */
  readonly isRead?: boolean;
  readonly isWritten?: boolean;
  readonly limits?: Partial<Limits>;
}

/** The last activity that the second look shows, how many ms before it. */
function lastOf({
  hasTerminal = true,
  commandsRun = false,
  inBytes = 0,
  outBytes = 0,
  isRead = false,
  isWritten = false,
  limits = {},
}: Scene) {
  const lookAt = (bootMs: number, isSecond: boolean, memory: Memory) => {
    const timeS = (isMoved: boolean) => Math.floor((WALL_MS + (isMoved && isSecond ? bootMs : 1000)) / 1000);
    const face = { id: TERMINAL.id, unreadBytes: [], canonical: true, job: {} };
    const moved = isSecond ? inBytes : 0;
    const traffic: Traffic = {
      bootMs,
      inBytes: moved,
      mostInBytes: moved,
      outBytes: isSecond ? outBytes : 0,
      forwarded: {},
      forwardedIn: {},
      sinceClientMs: 300,
      sinceForwardedMs: Number.POSITIVE_INFINITY,
    };
    return interpret({
      login,
      terminals: hasTerminal ? [TERMINAL as unknown as Terminal] : [],
      look: {
        bootMs,
        terminals: hasTerminal
          ? [{ ...face, accessedWallS: timeS(isRead), modifiedWallS: timeS(isWritten) }]
          : [],
        faults: {},
        commandsRun,
        detached: {},
        traffic,
      },
      stays: [],
      memory,
      map: mapClocks([], { bootMs, wallMs: WALL_MS + bootMs }),
      limits: { ...DEFAULT_LIMITS, ...limits },
    });
  };
  const { subjects, use } = lookAt(BEGIN_MS, false, BLANK);
  const seen = lookAt(BEGIN_MS + 1000, true, { ...BLANK, subjects, use });
  const { source, atMs } = seen.subjects[hasTerminal ? TERMINAL.id : LOGIN_SUBJECT]?.lastActivity ?? {};
  return { source, agoMs: BEGIN_MS + 1000 - (atMs ?? Number.NaN) };
}

const NOW = { agoMs: 300 };

test("without a terminal, what a command is sent is input, whatever the policy counts", () => {
  const command = { hasTerminal: false, commandsRun: true, inBytes: 5 };
  expect(lastOf(command)).toMatchObject({ ...NOW, source: "input" });
  expect(lastOf({ ...command, limits: { activity: ["input"] } })).toMatchObject({ ...NOW, source: "input" });
  expect(lastOf({ ...command, inBytes: 0 })).not.toMatchObject(NOW);
});

test("without a command, what moved went through a connection that has closed: no input, but a transfer where it counts", () => {
  const tunnel = { hasTerminal: false, inBytes: 90 };
  expect(lastOf(tunnel)).toMatchObject({ ...NOW, source: "transfer" });
  expect(lastOf({ ...tunnel, limits: { activity: ["input"] } })).not.toMatchObject(NOW);
});

test("beside a terminal, payload is a transfer where it can be neither keys nor answers", () => {
  expect(lastOf({ inBytes: 90 })).toMatchObject({ ...NOW, source: "transfer" });
  expect(lastOf({ inBytes: 90, limits: { activity: ["input", "busy"] } })).not.toMatchObject(NOW);
  expect(lastOf({ inBytes: 90, isRead: true })).toMatchObject({ source: "input" });
  expect(lastOf({ inBytes: 37, outBytes: 3, isWritten: true })).not.toMatchObject(NOW);
  expect(lastOf({ inBytes: 37, outBytes: 3, isWritten: true, commandsRun: true })).not.toMatchObject(NOW);
  expect(lastOf({ inBytes: 32_768, outBytes: 300, isWritten: true, commandsRun: true })).toMatchObject(NOW);
});
