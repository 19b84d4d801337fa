// Keystrokes that a newer client makes up beside what its terminal sends are no transfer, and hide none that is faster than they are.
import { describe, expect, test, vi } from "vitest";
import { takeLook } from "../../../src/activity/look.ts";
import { transferSince } from "../../../src/activity/transfer.ts";
import { BLANK } from "../../../src/guard/memory.ts";
import { interpret } from "../../../src/guard/observe.ts";
import type { Login } from "../../../src/login/login.ts";
import type { Terminal } from "../../../src/login/terminal.ts";
import { DEFAULT_LIMITS } from "../../../src/policy/merge.ts";
import { mapClocks } from "../../../src/system/clock.ts";
import { echoOf } from "../../../src/wrap/echo.ts";
import { keysTo } from "../../../src/wrap/keys.ts";
import type { View } from "../../../src/wrap/view.ts";

/** A minute of made-up keystrokes, as OpenSSH 10.0 sent them with the default cipher and with hmac-sha2-512. */
const MADE_UP = [36 * 50 * 60, 84 * 50 * 60] as const;

describe("the time of made-up keystrokes", () => {
  test("is none before the first, and ends some seconds after the last", () => {
    const echo = echoOf();
    expect(echo.lastedMs(1_000)).toBe(0);
    echo.heard(1_000);
    expect(echo.lastedMs(1_000)).toBe(0);
    expect(echo.lastedMs(3_000)).toBe(2_000);
    expect(echo.lastedMs(100_000)).toBe(5_000);
  });

  test("counts once where it overlaps, and not between", () => {
    const echo = echoOf();
    for (let atMs = 0; atMs <= 60_000; atMs += 1_000) echo.heard(atMs);
    expect(echo.lastedMs(60_000)).toBe(60_000);
    echo.heard(200_000);
    expect(echo.lastedMs(201_000)).toBe(66_000);
  });
});

test("it runs from whatever the terminal sends", async () => {
  const view = { isBarSeen: false, cursorQuestions: async () => 0 } as unknown as View;
  const keys = keysTo(() => undefined, view);
  expect(keys.echoMs).toBe(0);
  keys.take(Buffer.from("\x1b[I"));
  await vi.waitFor(() => expect(keys.echoMs).toBeGreaterThan(0));
});

test("what a terminal and its client did by themselves is not counted for the connection", async () => {
  const client = { address: "10.0.0.3", port: 55_000, serverAddress: "10.0.0.2", serverPort: 22 };
  const connection = {
    inode: "1",
    localAddress: client.serverAddress,
    localPort: client.serverPort,
    peerAddress: client.address,
    peerPort: client.port,
    receivedBytes: 10_000,
    sentBytes: 0,
  };
  const own = {
    leaderPid: 1,
    lastKeyMs: 0,
    lastMotionMs: 0,
    lastOutputMs: 0,
    chatterBytes: 100,
    echoMs: 1_000,
  };
  const look = await takeLook({ server: { pid: process.pid, startTicks: 0 }, client }, [], {
    sources: ["transfer"],
    tree: [],
    connectionsOf: async () => [connection],
    own,
  });
  expect(look.connection).toEqual({ receivedBytes: 10_000 - 100 - 84 * 50, sentBytes: 0 });
});

test("a minute of them is no transfer, and a file beside them is one", () => {
  const base = { receivedBytes: 0, sentBytes: 0 };
  const after = (receivedBytes: number) => ({ receivedBytes, sentBytes: 0 });
  for (const bytes of MADE_UP) {
    expect(transferSince(base, after(bytes), 60_000)).toContain("from the client");
    expect(transferSince(base, after(bytes), 60_000, 60_000)).toBeUndefined();
  }
  expect(transferSince(base, after(1_000_000), 60_000, 60_000)).toBe("1000.0 kB from the client");
});

const now = { bootMs: 500_000, wallMs: 1_700_000_000_000 };
const BASE_MS = now.bootMs - 60_000;
const terminal = {
  id: "own",
  leader: { pid: 4712, startTicks: 20 },
  foregroundJob: [],
} as unknown as Terminal;

/** What counts last on a wrapped terminal, a minute after its last look, when its login's other terminal was last read so long ago. */
function sourceWith(othersReadAgoMs: number | undefined, receivedBytes: number) {
  const { subjects } = interpret({
    login: { server: { pid: 4711, startTicks: 12 } } as Login,
    terminals: [terminal],
    look: {
      bootMs: now.bootMs,
      terminals: [
        {
          id: "own",
          accessedWallS: 0,
          modifiedWallS: 0,
          unreadBytes: [],
          canonical: false,
          exact: { lastKeyMs: 100_000, lastMotionMs: 0, lastOutputMs: 0 },
          job: {},
        },
      ],
      detached: {},
      faults: {},
      commandsRun: false,
      connection: { receivedBytes, sentBytes: 0 },
      ...(othersReadAgoMs !== undefined && { othersAccessedWallS: (now.wallMs - othersReadAgoMs) / 1000 }),
    },
    stays: [],
    memory: {
      ...BLANK,
      subjects: {
        own: {
          lastActivity: { source: "input", atMs: 100_000, detail: "a key" },
          baseline: { bootMs: BASE_MS, job: {}, connection: { receivedBytes: 0, sentBytes: 0 } },
        },
      },
    },
    map: mapClocks([], now),
    limits: DEFAULT_LIMITS,
  });
  return subjects.own?.lastActivity.source;
}

describe("keys on another terminal of the login", () => {
  test.each(MADE_UP)("do not keep this one by %i made-up bytes a minute", (bytes) => {
    expect(sourceWith(0, bytes)).toBe("input");
  });
  test("hide no transfer, nor do keys of long ago, nor no other terminal", () => {
    expect(sourceWith(0, 1_000_000)).toBe("transfer");
    expect(sourceWith(120_000, MADE_UP[0])).toBe("transfer");
    expect(sourceWith(undefined, MADE_UP[0])).toBe("transfer");
  });
});
