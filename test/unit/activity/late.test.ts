// What of a login's own making takes all the time of a look, or more: it takes away none of what its sshd tells, and bears out no key.
import { connect, createServer, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { takeLook } from "../../../src/activity/look.ts";
import { LATE, readTraffic } from "../../../src/activity/traffic.ts";
import { BLANK, type Memory } from "../../../src/guard/memory.ts";
import { interpret } from "../../../src/guard/observe.ts";
import { UNLIMITED } from "../../../src/login/budget.ts";
import type { Login } from "../../../src/login/login.ts";
import { treeBelow } from "../../../src/login/process.ts";
import { type Terminal, terminalsOf } from "../../../src/login/terminal.ts";
import { DEFAULT_LIMITS } from "../../../src/policy/merge.ts";
import { mapClocks } from "../../../src/system/clock.ts";
import { bash, server, until } from "../../support/real-terminals.ts";

const over = () => true;

/** This process stands in for an sshd, and one of its sockets for that of the client. */
const sockets: Socket[] = [];
const listener = createServer((socket) => sockets.push(socket.resume()));
let login = {} as Pick<Login, "server" | "privileged" | "client">;
beforeAll(async () => {
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as { port: number };
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  const address = "127.0.0.1";
  const client = { address, port: socket.localPort ?? 0, serverAddress: address, serverPort: port };
  login = { server: server(), privileged: undefined, client };
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  listener.close();
});

test("what sshd has moved, and its terminals, are told when the time of the look is up", async () => {
  const shell = await bash();
  const terminals = terminalsOf(login, { isOver: over });
  expect(terminals.map(({ leader }) => leader?.pid)).toContain(shell.pty.pid);
  const look = await takeLook(login, terminals, {
    sources: ["input", "busy", "transfer"],
    payload: true,
    isOver: over,
  });
  expect(look.traffic?.inBytes).toEqual(expect.any(Number));
  expect(look.payload?.most).toBe(look.traffic?.inBytes);
  expect(look.faults).toEqual({});
});

test("of a session with more processes than there is time for, its first is known", async () => {
  const shell = await bash();
  shell.pty.write("sleep 1000\r");
  const below = (begin: () => () => boolean) =>
    treeBelow(process.pid, begin).filter((it) => [it.pid, it.parent].includes(shell.pty.pid));
  await until(() => below(() => UNLIMITED).length === 2);
  expect(below(() => over).map(({ pid }) => pid)).toEqual([shell.pty.pid]);
});

test("more connections than can be asked in time are no half of them, and a fault", async () => {
  expect(readTraffic(login, over)).toBe(LATE);
});

const WALL_MS = 1_700_000_000_000;
const terminal = { id: "pts/1", leader: { pid: 4712, startTicks: 20 }, foregroundJob: [] };

test("what the connection was used for stays known where sshd did not tell in time, and no key is borne out", () => {
  const use: Memory["use"] = {
    last: {
      bootMs: 90_000,
      inBytes: 50,
      outBytes: 0,
      forwarded: {},
      forwardedIn: {},
      mostInBytes: 0,
      sinceClientMs: 0,
      sinceForwardedMs: 0,
    },
    usedAtMs: 80_000,
    detail: "9 bytes through what it forwards",
    source: "transfer",
    bursts: [],
    isUnbroken: false,
  };
  const input = { accessedWallS: (WALL_MS + 16_000) / 1000, unreadBytes: [], atMs: 24_000, payloadBytes: 50 };
  const touched = { id: terminal.id, accessedWallS: (WALL_MS + 96_000) / 1000, modifiedWallS: 0 };
  const observation = interpret({
    login: { server: { pid: 4711, startTicks: 12 }, startedBootMs: 0 } as Login,
    terminals: [terminal as unknown as Terminal],
    look: {
      bootMs: 100_000,
      terminals: [{ ...touched, unreadBytes: [], canonical: true, job: {} }],
      faults: { connection: "late" },
      commandsRun: false,
      detached: {},
      payload: { least: 0, most: 0 },
    },
    stays: [],
    memory: {
      ...BLANK,
      use,
      subjects: {
        [terminal.id]: {
          lastActivity: { source: "input", atMs: 24_000, detail: "a key" },
          baseline: { bootMs: 90_000, job: {} },
          input,
        },
      },
    },
    map: mapClocks([], { bootMs: 100_000, wallMs: WALL_MS + 100_000 }),
    limits: { ...DEFAULT_LIMITS, trustTtyTimes: false },
  });
  expect(observation.use).toEqual(use);
  expect(observation.subjects[terminal.id]?.lastActivity.atMs).toBe(80_000);
  expect(observation.subjects[terminal.id]?.input?.atMs).toBe(24_000);
});
