// What an sshd has moved, asked of processes that have its descriptors: real sockets, a monitor and a server.
import { spawn } from "node:child_process";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LATE, readTraffic } from "../../../src/activity/traffic.ts";
import { clientOf } from "../../../src/login/client.ts";
import { readStat } from "../../../src/login/process.ts";

const UNHURRIED = () => false;

/** Passes letters on to a server and waits for each answer; `2` connects to another address of it, from the same port. */
const CLIENT = `
import socket, sys
host, port = sys.argv[1], int(sys.argv[2])
def connected(host, local):
    it = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    it.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    it.bind(local)
    it.connect((host, port))
    return it
first = connected(host, ("::1" if ":" in host else "127.0.0.1", 0))
while letter := sys.stdin.buffer.read(1):
    if letter == b"2":
        second = connected("127.0.0.2", first.getsockname())
        answer = b"."
    else:
        first.sendall(letter)
        answer = first.recv(1)
    sys.stdout.buffer.write(answer)
    sys.stdout.flush()
`;

/** A port whose connections send back what comes. */
async function echoPort(): Promise<number> {
  const server = createServer((socket) => socket.on("error", () => {}).pipe(socket));
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** Starts a Python program that ends with the test. */
function python(argv: readonly string[]) {
  const child = spawn("python3", argv, { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill());
  return child;
}

const nextOutput = (child: ReturnType<typeof python>) =>
  new Promise<string>((resolve) => child.stdout.once("data", (data) => resolve(String(data))));

const refTo = (pid: number) => ({ pid, startTicks: readStat(pid)?.startTicks ?? Number.NaN });

interface Fake {
  readonly login: Parameters<typeof readTraffic>[0];
  /** Has it do what the letters say, one after the other. */
  does(letters: string): Promise<void>;
  /** Has it end, and waits for that. */
  ends(): Promise<void>;
}

/** Starts the two processes, listening on an address, and a client that has connected to another spelling of it. */
async function startFake(listens: string, connects = listens): Promise<Fake> {
  const script = join(import.meta.dirname, "../../support/sshd-like.py");
  const both = python([script, listens, String(await echoPort())]);
  const [monitor = 0, pid = 0, port = 0] = (await nextOutput(both)).split(" ").map(Number);
  const client = python(["-c", CLIENT, connects, String(port)]);
  const does = async (letters: string) => {
    for (const letter of letters) {
      client.stdin.write(letter);
      await nextOutput(client);
    }
  };
  await does("K");
  const gone = new Promise<void>((resolve) => both.once("exit", () => resolve()));
  return {
    login: { server: refTo(pid), privileged: refTo(monitor), client: clientOf(pid) },
    does,
    ends: () => {
      client.stdin.write("x");
      return gone;
    },
  };
}

/** What moved while it did something. */
async function movedBy({ login, does }: Fake, letters: string) {
  const before = readTraffic(login, UNHURRIED);
  await does(letters);
  const after = readTraffic(login, UNHURRIED);
  if (!before || !after || before === LATE || after === LATE) throw new Error("not to be read");
  expect(after.mostInBytes).toBe(after.inBytes);
  return {
    in: after.inBytes - before.inBytes,
    out: after.outBytes - before.outBytes,
    forwarded: Object.values(after.forwarded),
    forwardedIn: Object.values(after.forwardedIn),
    sinceForwardedMs: after.sinceForwardedMs,
  };
}

const NONE = { in: 0, out: 0, forwarded: [], forwardedIn: [], sinceForwardedMs: Number.POSITIVE_INFINITY };

test.each([
  ["127.0.0.1", "127.0.0.1"],
  ["::1", "::1"],
  ["::", "127.0.0.1"],
])("every byte is accounted for, by a server at %s for a client of %s", async (listens, connects) => {
  const fake = await startFake(listens, connects);
  expect(await movedBy(fake, "KKKK")).toEqual(NONE);
  expect(await movedBy(fake, "l")).toEqual(NONE);
  expect(await movedBy(fake, "kkK")).toEqual({ ...NONE, in: 20 });
  expect(await movedBy(fake, "ooo")).toEqual({ ...NONE, out: 60 });
  expect(await movedBy(fake, "f")).toMatchObject({ forwarded: [0] });
  const through = await movedBy(fake, "FF");
  expect(through).toMatchObject({ in: 60, out: 60, forwarded: [120], forwardedIn: [60] });
  expect(through.sinceForwardedMs).toBeLessThan(60_000);
  expect(await movedBy(fake, "c")).toEqual(NONE);
});

test("what the monitor is asked for, as a change of keys does, is no payload", async () => {
  expect(await movedBy(await startFake("127.0.0.1"), "mmm")).toEqual(NONE);
});

test("a connection from the client's own port is not taken for the client's", async () => {
  const fake = await startFake("0.0.0.0", "127.0.0.1");
  await fake.does("2a");
  expect(await movedBy(fake, "KKk")).toMatchObject({ in: 10, out: 0, forwarded: [0] });
});

test("a client's socket that is open twice, as under systemd's or inetd's listener, is no forwarded connection", async () => {
  const fake = await startFake("127.0.0.1");
  await fake.does("d");
  expect(await movedBy(fake, "oookK")).toEqual({ ...NONE, in: 10, out: 60 });
});

test("an sshd that is gone, or whose pid another has, and one without a client have none", async () => {
  const fake = await startFake("127.0.0.1");
  const { login } = fake;
  expect(readTraffic(login, UNHURRIED)).toBeDefined();
  expect(readTraffic({ ...login, client: undefined }, UNHURRIED)).toBeUndefined();
  const { pid, startTicks } = login.server;
  expect(readTraffic({ ...login, server: { pid, startTicks: startTicks + 1 } }, UNHURRIED)).toBeUndefined();
  await fake.ends();
  expect(readTraffic(login, UNHURRIED)).toBeUndefined();
});
