// The way to unlock a terminal without its password: a socket of its locker. Whoever connects and says `unlock` asks for it, and the kernel
// tells who that is. Root may always; the user of the terminal may from a login that began after the lock.
import { rmSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { makeOwn } from "../system/own-directory.ts";
import { RUN_DIRECTORY, UNLOCK_DIRECTORY } from "../system/paths.ts";
import { type Peer, peerOfSocket } from "../system/peer.ts";
import { reasonOf } from "../text/reason-of.ts";
import { loginAbove } from "./newer-login.ts";

/** The locked terminal: N of /dev/pts/N, its user, and since when it is locked, on the boot clock. */
export interface DoorFacts {
  readonly number: number;
  readonly uid: number;
  readonly sinceMs: number;
}

/** Who unlocked a terminal. `isAdministrator`: root; `name` is then who said to have asked root for it. */
export interface Unlocker {
  readonly uid: number;
  readonly name: string;
  readonly isAdministrator: boolean;
}

/** The answer to a request. */
export interface Knocked {
  readonly unlocked: boolean;
  /** In words. */
  readonly answer: string;
}

/** A visitor who does not ask within this time, or within so many bytes, is sent away. */
const PATIENCE_MS = 5_000;
const MOST_BYTES = 100;
/** If more than so many of its user, or of others, wait here, the one that came first has to go: nobody can keep a later one out. */
const MOST_VISITORS = 16;
const ANSWER_MS = 15_000;
const STRANGER = "only its user and root can unlock it";
/** The answer about a terminal of somebody else. */
export const NOT_YOURS = `no: ${STRANGER}`;
/**
 * The request, and for root the name of who asks. It must be said: a program of root's that a user makes connect, for example with
 * SSH_AUTH_SOCK, says something else.
 */
const REQUEST = /^unlock(?: ([A-Za-z_][A-Za-z0-9_.@-]{0,63}))?\n$/;

/** The path of the socket of pts/N. */
export function doorOf(number: number, directory = UNLOCK_DIRECTORY): string {
  return `${directory}/${number}.sock`;
}

/**
 * Opens the door of a locked terminal. `onUnlock` is called once, after the answer was written. Disposing closes the door. Rejects if the
 * socket cannot be made. A visitor can neither block the door nor make it throw.
 */
export async function openDoor(
  facts: DoorFacts,
  onUnlock: (who: Unlocker) => void,
  directory = UNLOCK_DIRECTORY,
): Promise<Disposable> {
  if (directory === UNLOCK_DIRECTORY) makeOwn(RUN_DIRECTORY, 0o755);
  makeOwn(directory, 0o755);
  const path = doorOf(facts.number, directory);
  // That of a locker that was killed.
  rmSync(path, { force: true });
  const visitors = new Set<Socket>();
  const strangers = new Set<Socket>();
  let isOpen = true;
  const decide = (socket: Socket, peer: Peer, name: string | undefined) => {
    const who = isOpen ? whoMayUnlock(peer, name, facts) : "it is not locked any more";
    const isReason = typeof who === "string";
    socket.end(isReason ? `no: ${who}\n` : "unlocked\n");
    if (isReason) return;
    isOpen = false;
    onUnlock(who);
  };
  const server = createServer((socket) => {
    socket.on("error", () => undefined).unref();
    attempt(socket, () => {
      const peer = peerOfSocket(descriptorOf(socket));
      // Anybody may connect. Strangers are sent away at once, so that they keep nobody out.
      if (peer.uid !== 0 && peer.uid !== facts.uid) return dismiss(socket, strangers);
      if (peer.uid !== 0) admit(socket, visitors);
      receive(socket, (name) => decide(socket, peer, name));
    });
  });
  await listen(server, path);
  server.unref();
  return {
    [Symbol.dispose]: () => {
      isOpen = false;
      server.close();
      for (const socket of [...visitors, ...strangers]) if (!socket.writableEnded) socket.destroy();
      rmSync(path, { force: true });
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // The socket is made at once, with this mask: to connect takes the right to write (unix(7)).
    const mask = process.umask(0o111);
    server.listen(path, () => {
      server.off("error", reject);
      // Such as too many open files: a later visitor is let in again.
      server.on("error", () => undefined);
      resolve();
    });
    process.umask(mask);
  });
}

/** Who stays here after the answer keeps no descriptor of ours open for long. What they say is read, or their answer would be lost. */
function dismiss(socket: Socket, strangers: Set<Socket>): void {
  admit(socket, strangers);
  const timer = setTimeout(() => socket.destroy(), PATIENCE_MS).unref();
  socket.on("close", () => clearTimeout(timer));
  socket.resume().end(`${NOT_YOURS}\n`);
}

/** Counts a visitor in, and sends the first one away if there are too many. */
function admit(socket: Socket, visitors: Set<Socket>): void {
  visitors.add(socket.on("close", () => visitors.delete(socket)));
  const [first] = visitors;
  if (visitors.size > MOST_VISITORS) first?.destroy();
}

/** Reads the request of a visitor and calls `onRequest` with its name, once. Ends a connection that takes too long, or says something else. */
function receive(socket: Socket, onRequest: (name: string | undefined) => void): void {
  const timer = setTimeout(() => socket.destroy(), PATIENCE_MS).unref();
  socket.on("close", () => clearTimeout(timer));
  let text = "";
  socket.setEncoding("latin1").on("data", (piece: string) => {
    text += piece;
    if (!text.endsWith("\n") && text.length <= MOST_BYTES) return;
    socket.removeAllListeners("data").resume();
    const request = REQUEST.exec(text);
    if (request) attempt(socket, () => onRequest(request[1]));
    else socket.destroy();
  });
}

/** Does something for a visitor. Nothing that a visitor causes may end the locker. */
function attempt(socket: Socket, work: () => void): void {
  try {
    work();
  } catch (error) {
    socket.end(`no: ${reasonOf(error).replaceAll("\n", " ")}\n`);
  }
}

/** Node has no other way to its number. */
function descriptorOf(socket: Socket): number {
  const { fd } = (socket as Socket & { readonly _handle?: { readonly fd?: number } })._handle ?? {};
  if (fd === undefined || fd < 0) throw new Error("the connection has no descriptor");
  return fd;
}

/** Who may unlock the terminal; if the peer may not, the reason. */
function whoMayUnlock({ pid, uid }: Peer, name: string | undefined, facts: DoorFacts): Unlocker | string {
  if (uid === 0) return { uid, name: name ?? "root", isAdministrator: true };
  const login = pid > 0 ? loginAbove(pid) : undefined;
  if (login?.uid !== facts.uid) return "log in a second time, and run this there, not in tmux or screen";
  if (login.startedBootMs <= facts.sinceMs)
    return "this login began before the lock: log in a second time, over a new connection, and run this there";
  return { uid, name: login.user, isAdministrator: false };
}

/** Asks the locker of pts/N to unlock it. `by`: who asks, if root does. Never rejects. */
export async function knock(number: number, by = "", directory = UNLOCK_DIRECTORY): Promise<Knocked> {
  try {
    const answer = await answerOf(doorOf(number, directory), by === "" ? "unlock\n" : `unlock ${by}\n`);
    return answer === "unlocked" ? { unlocked: true, answer } : { unlocked: false, answer };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ECONNREFUSED")
      return { unlocked: false, answer: "no: it is not locked" };
    return { unlocked: false, answer: `no: ${reasonOf(error)}` };
  }
}

function answerOf(path: string, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path, () => socket.write(request));
    let text = "";
    const finish = () => resolve(text.trim() === "" ? "no: the lock did not answer" : text.trim());
    socket.setTimeout(ANSWER_MS, () => socket.destroy()).setEncoding("utf8");
    socket.on("data", (piece: string) => {
      text = (text + piece).slice(0, 1000);
    });
    socket.on("close", finish);
    // An answer that was read before counts.
    socket.on("error", (error) => (text === "" ? reject(error) : finish()));
  });
}
