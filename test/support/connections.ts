// Logins whose connection is used beside terminals, and logins that only look like it, under limits of any length.
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, vi } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { startLab } from "../lab/lab.ts";
import type { Release } from "../lab/release.ts";
import { atPrompt, SOON } from "./logins.ts";

/** One policy: the limit of terminals and of logins without one, and when its only notice comes. */
export interface Times {
  readonly limitS: number;
  readonly noticeS: number;
}

/** Users in this group are under a policy that takes heartbeats for none, as the presets do. */
export const STRICT = "strict";

/** Keepalives of sshd's, and keys that it changes by the clock, for the users that this names. */
const SSHD = `
Match User serverkeepalive*,servercommand*
  ClientAliveInterval 1
  ClientAliveCountMax 100
Match User serverrekey*
  RekeyLimit default 5s
Match all
X11Forwarding yes
X11UseLocalhost yes
XAuthLocation /usr/local/bin/xauth
`;

/** What it is given is kept: an X client needs it to be let in. */
const XAUTH = "#!/bin/sh\ncat >>xauthority\n";

const ECHO_PORT = 7000;
const HTTP_PORT = 7001;
const STREAM_PORT = 7002;
const X_PORT = 6005;

/**
 * The world around the logins, told by lines of words. `open NAME PORT`, over SOCKS `socks NAME PORT TO`, and to a forwarded X display
 * `x NAME PORT COOKIE`: a connection; `ask NAME BYTES`: a question, which is answered. `http PORT`: a connection of its own.
 */
const WORLD = `
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";
const listen = (port, serve) => createServer((socket) => serve(socket.on("error", () => {}))).listen(port, "127.0.0.1");
listen(${ECHO_PORT}, (socket) => socket.pipe(socket));
listen(${X_PORT}, (socket) => socket.pipe(socket));
listen(${HTTP_PORT}, (socket) => socket.once("data", () => socket.end("HTTP/1.0 200 OK\\r\\n\\r\\nhello\\n")));
listen(${STREAM_PORT}, (socket) => setInterval(() => socket.write(Buffer.alloc(20_000)), 1000));
const open = {};
const opened = (name, port) => (open[name] = connect(Number(port), "127.0.0.1").on("error", () => {}));
const orders = {
  open: (name, port) => void opened(name, port).resume(),
  socks: (name, port, to) => {
    opened(name, port).once("data", () => {
      open[name].resume().write(Buffer.from([5, 1, 0, 1, 127, 0, 0, 1, to >> 8, to & 255]));
    }).write(Buffer.from([5, 1, 0]));
  },
  x: (name, port, cookie) => {
    const hello = Buffer.alloc(12);
    hello.write("l");
    hello.writeUInt16LE(11, 2);
    hello.writeUInt16LE(18, 6);
    hello.writeUInt16LE(16, 8);
    const proof = Buffer.concat([Buffer.from("MIT-MAGIC-COOKIE-1\\0\\0"), Buffer.from(cookie, "hex")]);
    opened(name, port).resume().write(Buffer.concat([hello, proof]));
  },
  ask: (name, bytes) => void open[name]?.write(Buffer.alloc(Number(bytes))),
  http: (port) => void connect(Number(port), "127.0.0.1").on("error", () => {}).resume().end("GET / HTTP/1.0\\r\\n\\r\\n"),
};
createInterface({ input: process.stdin }).on("line", (line) => {
  const [order, ...words] = line.split(" ");
  orders[order](...words);
});
`;

export interface World {
  readonly lab: Lab;
  readonly times: Times;
  /** Gives the world an order. */
  tell(line: string): void;
  /** A port that nobody else has. */
  newPort(): number;
}

/** Starts a lab with that policy, and the world in it. */
export async function startWorld(release: Release, times: Times): Promise<World> {
  const { limitS, noticeS } = times;
  const policy = `
idle_timeout = "${limitS}s"
no_terminal = "${limitS}s"
warn_before = ["${noticeS}s"]
[[rule]]
match = { groups = ["${STRICT}"] }
heartbeats = false
`;
  const lab = await startLab({ release, hook: "pam", policy, sshd: SSHD });
  await lab.write("/usr/local/bin/xauth", XAUTH, 0o755);
  await lab.write("/root/world.mjs", WORLD);
  const world = lab.spawn(`exec ${lab.node} /root/world.mjs`);
  world.stderr?.on("data", (data) => console.error(`the world: ${data}`));
  await lab.must(`until ss -ltn | grep -q ':${STREAM_PORT} '; do sleep 0.1; done`);
  let port = 20_000;
  return { lab, times, tell: (line) => void world.stdin?.write(`${line}\n`), newPort: () => port++ };
}

/** A client without a terminal of its own. */
export interface Client {
  /** When it ended, in ms of `performance.now`. */
  readonly ended: Promise<number>;
  isAlive(): boolean;
  said(): string;
  type(text: string): void;
}

/** Starts a client. `command` is the whole of it, such as `ssh -N user@lab`. */
function startClient(lab: Lab, command: string): Client {
  const child: ChildProcess = lab.spawn(`cd /root && exec ${command}`);
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (data) => {
      said += data;
    });
  child.stdin?.on("error", () => undefined);
  let alive = true;
  const ended = new Promise<number>((resolve) =>
    child.once("close", () => {
      alive = false;
      resolve(performance.now());
    }),
  );
  return { ended, isAlive: () => alive, said: () => said, type: (text) => void child.stdin?.write(text) };
}

/** A prompt; what the client itself says can follow it. */
const PROMPT = /\$ /;

/** Waits until a client has said something. */
function hasSaid(client: Client, what: RegExp): Promise<void> {
  return vi.waitFor(() => expect(client.said()).toMatch(what), { ...SOON, timeout: 120_000 });
}

/** Starts a client and waits until it has said something, which a shell does at its prompt. */
async function startShell(lab: Lab, command: string): Promise<Client> {
  const client = startClient(lab, command);
  await hasSaid(client, PROMPT);
  return client;
}

/** A login and what uses it. */
export interface Used {
  readonly client: Client;
  /** Somebody uses it once. */
  use(): void;
}

/** One way to use a login, or to leave it idle. */
export interface Way {
  readonly name: string;
  /** How its user's name begins, where sshd has settings of its own for that. */
  readonly user?: string;
  start(world: World, user: string): Promise<Used>;
}

const idle = () => undefined;
const terminal = (user: string, options: string) => `ssh -tt ${options} ${user}@lab`;
/** `-f` would do too, but then nobody knows when it ends. */
const tunnel = (user: string, options: string) => `ssh -N ${options} ${user}@lab`;
const logins = [
  { beside: "beside an idle terminal", login: terminal },
  { beside: "of a login without a terminal (-N)", login: tunnel },
];

/** Starts a login with a forwarded port, and waits for the port. */
async function forwarding(
  { lab, newPort }: World,
  login: typeof terminal,
  user: string,
  to: string,
): Promise<{ client: Client; port: number }> {
  const port = newPort();
  const option = to === "socks" ? `-D ${port}` : `-L ${port}:127.0.0.1:${to}`;
  const client = startClient(lab, login(user, option));
  await lab.must(`until ss -ltn | grep -q ':${port} '; do sleep 0.1; done`);
  if (login === terminal) {
    await hasSaid(client, PROMPT);
    client.type("\r");
  }
  return { client, port };
}

const filesOfSshfs: Way = {
  name: "files of sshfs",
  start: async ({ lab }, user) => {
    const mount = `/root/${user}`;
    await lab.must(`mkdir ${mount}`);
    // In the foreground: it ends with its login.
    const client = startClient(lab, `sshfs -f ${user}@lab: ${mount}`);
    await lab.must(`until mountpoint -q ${mount}; do sleep 0.1; done`);
    return { client, use: () => void lab.run(`date >${mount}/file`) };
  },
};

/** People use these: each must live while it is used. */
export const usedWays: readonly Way[] = [
  ...logins.flatMap(({ beside, login }): Way[] => [
    {
      name: `a small question through -L over one connection, ${beside}`,
      start: async (world, user) => {
        const { client, port } = await forwarding(world, login, user, String(ECHO_PORT));
        world.tell(`open ${user} ${port}`);
        return { client, use: () => world.tell(`ask ${user} 27`) };
      },
    },
    {
      name: `HTTP through -L, ${beside}`,
      start: async (world, user) => {
        const { client, port } = await forwarding(world, login, user, String(HTTP_PORT));
        return { client, use: () => world.tell(`http ${port}`) };
      },
    },
    {
      name: `a download through -L, ${beside}`,
      start: async (world, user) => {
        const { client, port } = await forwarding(world, login, user, String(STREAM_PORT));
        world.tell(`open ${user} ${port}`);
        return { client, use: idle };
      },
    },
  ]),
  {
    name: "a download through -D, beside an idle terminal",
    start: async (world, user) => {
      const { client, port } = await forwarding(world, terminal, user, "socks");
      world.tell(`socks ${user} ${port} ${STREAM_PORT}`);
      return { client, use: idle };
    },
  },
  {
    name: "a key in a program over forwarded X11, beside an idle terminal",
    start: async (world, user) => {
      const display = `DISPLAY=127.0.0.1:${X_PORT - 6000}`;
      const client = await startShell(world.lab, `env ${display} ssh -tt -Y ${user}@lab`);
      client.type("echo at=$DISPLAY\r");
      await hasSaid(client, /at=localhost:\d+/);
      const number = /at=localhost:(\d+)/.exec(client.said())?.[1];
      const authority = await world.lab.read(`/home/${user}/xauthority`);
      const cookie = /MIT-MAGIC-COOKIE-1 ([0-9a-f]{32})/.exec(authority)?.[1];
      world.tell(`x ${user} ${6000 + Number(number)} ${cookie}`);
      return { client, use: () => world.tell(`ask ${user} 32`) };
    },
  },
  {
    name: "typing on a far host through ssh -J",
    start: async (world, user) => {
      await world.lab.addUser(`far${user}`);
      const client = await startShell(world.lab, `ssh -tt -J ${user}@lab far${user}@lab`);
      return { client, use: () => client.type("x\b") };
    },
  },
  {
    name: "commands for `ssh -T host 'bash -i'`",
    start: async (world, user) => {
      const client = await startShell(world.lab, `ssh -T ${user}@lab 'bash -i'`);
      return { client, use: () => client.type("date\n") };
    },
  },
  {
    name: "commands for sftp",
    start: async ({ lab }, user) => {
      const client = startClient(lab, `sftp ${user}@lab`);
      return { client, use: () => client.type("ls\n") };
    },
  },
  ...(existsSync("/dev/fuse") ? [filesOfSshfs] : []),
  {
    name: "a slow download of `ssh host 'cat file'`",
    start: async ({ lab }, user) => {
      const slowly = "while head -c 20000 /dev/zero; do sleep 1; done";
      return { client: startClient(lab, `ssh ${user}@lab '${slowly}'`), use: idle };
    },
  },
];

const KEEPALIVES = "-o ServerAliveInterval=1 -o ServerAliveCountMax=1000";
const LARGE_PACKETS = "-c aes256-ctr -m hmac-sha2-512-etm@openssh.com";

/** A login with a terminal and options at which one line was typed. */
const idleTerminal = (name: string, options: string, begins?: string): Way => ({
  name,
  ...(begins && { user: begins }),
  start: async ({ lab }, user) => {
    const client = await startShell(lab, terminal(user, options));
    client.type("\r");
    return { client, use: idle };
  },
});

/** Nobody uses these. */
export const idleWays: readonly Way[] = [
  idleTerminal("a terminal whose client sends keepalives each second", KEEPALIVES),
  idleTerminal("the same, with large packets", `${KEEPALIVES} ${LARGE_PACKETS}`),
  idleTerminal("a terminal whose sshd sends keepalives each second", "", "serverkeepalive"),
  idleTerminal("a terminal whose sshd changes keys by the clock", "", "serverrekey"),
  {
    name: "a program that asks its terminal and reads nothing",
    start: async ({ lab }, user) => {
      const ssh = await atPrompt(lab, user);
      ssh.write(String.raw`stty -echo; while sleep 0.3; do printf '\033[6n'; done`);
      ssh.write("\r");
      let alive = true;
      const ended = ssh.exit.then(() => {
        alive = false;
        return performance.now();
      });
      const client: Client = { ended, isAlive: () => alive, said: () => ssh.output, type: ssh.write };
      return { client, use: idle };
    },
  },
  idleTerminal("a terminal whose client changes keys by the clock", `-o RekeyLimit='1G 5s'`),
  ...["", KEEPALIVES].map((options): Way => {
    const name = options ? ", with keepalives" : "";
    return {
      name: `ssh -N -L${name}`,
      start: async (world, user) => {
        const login = (who: string, forward: string) => tunnel(who, `${options} ${forward}`);
        return { client: (await forwarding(world, login, user, String(ECHO_PORT))).client, use: idle };
      },
    };
  }),
  {
    name: "`ssh -T host 'bash -i'` with keepalives of sshd's, after a command",
    user: "servercommand",
    start: async ({ lab }, user) => {
      const client = await startShell(lab, `ssh -T ${user}@lab 'bash -i'`);
      client.type("date\n");
      return { client, use: idle };
    },
  },
  {
    name: "sftp",
    // sftp(1) itself would not notice the end before its next command.
    start: async ({ lab }, user) => ({ client: startClient(lab, `ssh -s ${user}@lab sftp`), use: idle }),
  },
  {
    name: "a master that ControlPersist keeps, after its command",
    start: async ({ lab }, user) => {
      const options = `-M -S /root/${user}.sock -o ControlPersist=yes`;
      await lab.must(`ssh ${options} ${user}@lab true </dev/null >/dev/null 2>&1`);
      const master = `while ssh -S /root/${user}.sock -O check ${user}@lab 2>/dev/null; do sleep 0.2; done`;
      return { client: startClient(lab, `sh -c '${master}'`), use: idle };
    },
  },
];

/** A program that was left open sends 13 bytes every five seconds through a forwarded port. */
export const heartbeats: readonly Way[] = logins.map(({ beside, login }) => ({
  name: `a heartbeat through -L, ${beside}`,
  start: async (world, user) => {
    const { client, port } = await forwarding(world, login, user, String(ECHO_PORT));
    world.tell(`open ${user} ${port}`);
    const beating = setInterval(() => world.tell(`ask ${user} 13`), 5000);
    client.ended.then(() => clearInterval(beating));
    return { client, use: idle };
  },
}));
