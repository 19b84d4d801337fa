// A host that is not there: its clocks, its kernel's notes of terminals, its policy, and what happens to all of them. Time passes only
// in `pass`. Running time (since the login began, suspends left out) is the truth that no program of the host can see.

import type { Look, TerminalLook } from "../../src/activity/look.ts";
import type { Stay } from "../../src/activity/stay.ts";
import type { Locks } from "../../src/guard/lock-activity.ts";
import type { Ask } from "../../src/lock/ask.ts";
import type { LockRecord } from "../../src/lock/record.ts";
import type { Login } from "../../src/login/login.ts";
import type { Terminal } from "../../src/login/terminal.ts";
import type { Applied } from "../../src/policy/policy.ts";
import type { Clocks } from "../../src/system/clock.ts";

/** What happens, without its time. Terminals are numbered. */
export type Deed =
  | { readonly kind: "key"; readonly terminal: number }
  /** Typed into a program that does not read: the kernel notes no time, only that more bytes wait. */
  | { readonly kind: "unread key"; readonly terminal: number }
  | { readonly kind: "open" | "close"; readonly terminal: number }
  | { readonly kind: "stay"; readonly terminal: number; readonly forMs: number }
  /** The client moves far more than keepalives: what a login without a terminal is measured by. */
  | { readonly kind: "transfer" }
  /** A command beside the terminals begins or ends. */
  | { readonly kind: "command" }
  /** A program in the foreground works. */
  | { readonly kind: "work"; readonly terminal: number }
  /** A locked terminal is unlocked from elsewhere, without a key; or somebody gives a wrong answer on it. */
  | { readonly kind: "unlock" | "wrong answer"; readonly terminal: number }
  /** Somebody asks that a terminal locks. */
  | { readonly kind: "ask"; readonly terminal: number; readonly cause: "user" | "administrator" }
  /** From now on nothing can be locked, or it can again. */
  | { readonly kind: "locks fail" | "locks work" }
  | { readonly kind: "step"; readonly byMs: number }
  | { readonly kind: "suspend"; readonly forMs: number }
  /** The next sleep, of the watchdog or of a check, takes so much longer: a busy machine. */
  | { readonly kind: "late"; readonly byMs: number }
  | { readonly kind: "policy"; readonly applied: Applied | "broken" }
  | { readonly kind: "checks fail" | "checks work" }
  /** The watchdog and its check are killed; another begins after a while, with what was remembered or without. */
  | { readonly kind: "kill"; readonly forgets: boolean; readonly downMs: number };

export type Happening = Deed & { readonly atMs: number };

/** Thrown by `pass` where a watchdog is killed, and where the story ends. */
export class Killed extends Error {
  readonly forgets: boolean;
  readonly downMs: number;
  constructor(forgets: boolean, downMs: number) {
    super("killed");
    this.forgets = forgets;
    this.downMs = downMs;
  }
}
export class StoryOver extends Error {}

interface Tty {
  readonly number: number;
  accessedWallS: number;
  readonly openedBootMs: number;
  /** When the kernel last noted something. */
  notedMs: number;
  unread: number;
  cpuMs: number;
  lock?: { readonly sinceMs: number; wrongAnswers: number } | undefined;
}

export interface Story {
  readonly policy: Applied;
  readonly happenings: readonly Happening[];
  /** How long it goes on. */
  readonly untilMs: number;
  /** Its watchdog is root's, and can tell what was suspended when it began. */
  readonly isRoots: boolean;
  /** How long the machine has been suspended before. */
  readonly suspendedMs: number;
  /** Where the clocks stand at the beginning: below the second, and within a bucket. */
  readonly bootMs: number;
  readonly wallMs: number;
}

export type VirtualHost = ReturnType<typeof startHost>;

const A_LOT_OF_BYTES = 1e9;
const A_LOT_OF_MS = 60_000;
const command = {
  name: "rsync",
  parent: 9,
  startedBootMs: 0,
  cpuMs: 0,
  childrenCpuMs: 0,
  writtenBytes: 0,
  part: "line" as const,
  writesFile: false,
  writesSocket: false,
  follows: false,
  sockets: {},
  places: {},
};

/** Starts a host on which a login with no terminal has just begun. `tell` hears of each thing when it has happened. */
export function startHost(story: Story, tell: (happening: Happening, kernelNoted: boolean) => void) {
  const happenings = [...story.happenings].sort((a, b) => a.atMs - b.atMs);
  const ttys = new Map<number, Tty>();
  let next = 0;
  let runMs = 0;
  let suspendedMs = 0;
  let offsetMs = story.wallMs - story.bootMs;
  let receivedBytes = 0;
  let commandRuns = false;
  let stays: Stay[] = [];
  let lateMs = 0;
  let isDown = false;
  let opened = 0;
  let locksFail = false;
  let asks: Ask[] = [];
  const numbers = new Map<number, number>();
  const host = {
    policy: story.policy as Applied | "broken",
    policyChangedMs: -1,
    checksFail: false,
    ended: false,
    /** The watchdog has begun to note the clocks, and a check has left a memory. */
    isNoting: false,
    isRemembering: false,
    runMs: () => runMs,
    bootMs: () => story.bootMs + runMs + suspendedMs,
    wallMs: () => story.bootMs + runMs + suspendedMs + offsetMs,
    /** /proc/uptime counts hundredths of a second. */
    clocks: (): Clocks => ({
      bootMs: Math.floor(host.bootMs() / 10) * 10,
      wallMs: Math.floor(host.wallMs()),
      suspendedMs: story.suspendedMs + suspendedMs,
    }),
    nextHappeningMs: () => Math.min(happenings[next]?.atMs ?? Infinity, story.untilMs),
    openTerminals: () => [...ttys.values()].map(idOf),
    numberOf: (id: string) => [...ttys.values()].find((tty) => idOf(tty) === id)?.number,
    idOfNumber: (number: number) => {
      const tty = ttys.get(number);
      return tty && idOf(tty);
    },
    /** Something happened at a lock, or was asked for, since the last question: it wakes the watchdog. */
    isSignalled: false,
    locks: (): Locks =>
      Object.fromEntries([...ttys.values()].flatMap((tty) => (tty.lock ? [[idOf(tty), lockOf(tty)]] : []))),
    lock: (id: string) => {
      const tty = [...ttys.values()].find((it) => idOf(it) === id);
      if (tty && !locksFail) tty.lock = { sinceMs: host.bootMs(), wrongAnswers: 0 };
    },
    takeAsks: (): readonly Ask[] => asks.splice(0),
    close: (id: string) => {
      const number = host.numberOf(id);
      if (number !== undefined) ttys.delete(number);
    },
    /** Running time goes on by so much; what happens meanwhile, happens. */
    pass: (ms: number) => {
      const untilMs = runMs + ms;
      for (let due = happenings[next]; due && due.atMs <= untilMs; due = happenings[next]) {
        next++;
        runMs = Math.max(runMs, due.atMs);
        if (runMs > story.untilMs) break;
        happen(due);
        if (due.kind === "kill" && !isDown) throw new Killed(due.forgets, due.downMs);
      }
      runMs = Math.max(runMs, untilMs);
      if (runMs > story.untilMs) throw new StoryOver();
    },
    /** As a sleep passes: on a busy machine longer than asked. */
    sleep: (ms: number) => {
      const longerMs = lateMs;
      lateMs = 0;
      host.pass(ms + longerMs);
    },
    isSlow: () => lateMs > 0,
    isUnwatched: () => isDown,
    /** Nobody watches for a while; whoever would be killed then is not there. */
    passUnwatched: (ms: number) => {
      isDown = true;
      try {
        host.pass(ms);
      } finally {
        isDown = false;
      }
    },
    /** Those of terminals that are open: a stay ends with its terminal. */
    stays: () => {
      const sessions = [...ttys.values()].map(sessionOf);
      return stays.filter(({ session, untilMs }) => sessions.includes(session) && untilMs > host.bootMs());
    },
    terminals: (): Terminal[] => [...ttys.values()].map(terminalOf),
    look: (): Look => ({
      bootMs: host.clocks().bootMs,
      terminals: [...ttys.values()].map(lookOf),
      faults: {},
      commandsRun: commandRuns,
      detached: commandRuns ? { "77-7": command } : {},
      connection: { receivedBytes, sentBytes: 0 },
    }),
  };

  function happen(happening: Happening): void {
    const tty = "terminal" in happening ? ttys.get(happening.terminal) : undefined;
    const wallS = Math.floor(host.wallMs() / 1000);
    let kernelNoted = true;
    switch (happening.kind) {
      case "key":
        // drivers/tty/tty_io.c, tty_update_time.
        if (tty && Math.floor(wallS / 8) !== Math.floor(tty.accessedWallS / 8))
          Object.assign(tty, { accessedWallS: wallS, notedMs: runMs });
        // A clock that was set back to just the bucket of the last key: the kernel notes nothing.
        else if (tty && runMs - tty.notedMs > 8000) kernelNoted = false;
        break;
      case "unread key":
        if (tty) tty.unread++;
        break;
      case "open":
        if (tty) return;
        numbers.set(happening.terminal, ++opened);
        ttys.set(happening.terminal, {
          number: happening.terminal,
          accessedWallS: wallS,
          notedMs: runMs,
          unread: 0,
          cpuMs: 0,
          openedBootMs: host.bootMs(),
        });
        break;
      case "close":
        ttys.delete(happening.terminal);
        break;
      case "stay":
        if (tty)
          stays = [
            ...stays,
            { session: sessionOf(tty), untilMs: host.bootMs() + happening.forMs, command: undefined },
          ];
        break;
      case "transfer":
        receivedBytes += A_LOT_OF_BYTES;
        break;
      case "command":
        commandRuns = !commandRuns;
        break;
      case "work":
        if (tty) tty.cpuMs += A_LOT_OF_MS;
        break;
      case "unlock":
      case "wrong answer":
        if (!tty?.lock) break;
        if (happening.kind === "unlock") tty.lock = undefined;
        else {
          tty.lock.wrongAnswers++;
          // What is typed at a lock moves the time of its terminal too.
          Object.assign(tty, { accessedWallS: wallS, notedMs: runMs });
        }
        host.isSignalled = true;
        break;
      case "ask":
        if (tty) asks = [...asks, { terminal: idOf(tty), cause: happening.cause, by: "" }];
        host.isSignalled = true;
        break;
      case "locks fail":
      case "locks work":
        locksFail = happening.kind === "locks fail";
        break;
      case "step":
        offsetMs += happening.byMs;
        break;
      case "suspend":
        suspendedMs += happening.forMs;
        break;
      case "late":
        lateMs += happening.byMs;
        break;
      case "policy":
        host.policy = happening.applied;
        host.policyChangedMs = runMs;
        break;
      case "checks fail":
      case "checks work":
        host.checksFail = happening.kind === "checks fail";
        break;
      case "kill":
        if (isDown) return;
        break;
    }
    tell(happening, kernelNoted);
  }

  const sessionOf = ({ number }: Tty) => 100 + (numbers.get(number) ?? 0);
  const startTicksOf = (tty: Tty) => Math.floor(tty.openedBootMs / 10);
  const idOf = (tty: Tty) => `pts/${tty.number}:${sessionOf(tty)}-${startTicksOf(tty)}`;
  const terminalOf = (tty: Tty): Terminal => ({
    id: idOf(tty),
    path: `/dev/pts/${tty.number}`,
    deviceNumber: tty.number,
    master: undefined,
    leader: { pid: sessionOf(tty), startTicks: startTicksOf(tty) },
    reachable: true,
    foregroundGroup: 1,
    foregroundIsLeader: true,
    foregroundJob: [],
    inner: undefined,
  });
  const lockOf = ({ number, lock }: Tty): LockRecord => ({
    number,
    locker: { pid: 500 + number, startTicks: 1 },
    sinceMs: lock?.sinceMs ?? 0,
    cause: "idle",
    wrongAnswers: lock?.wrongAnswers ?? 0,
    termios: "",
    owner: { uid: 1000, gid: 5, mode: 0o620 },
    stopped: [],
  });
  const lookOf = (tty: Tty): TerminalLook => ({
    id: idOf(tty),
    accessedWallS: tty.accessedWallS,
    modifiedWallS: 0,
    unreadBytes: [tty.unread],
    canonical: false,
    job: tty.cpuMs > 0 ? { "88-8": { ...command, name: "make", cpuMs: tty.cpuMs } } : {},
  });
  return host;
}

/** The login that the story is about. */
export const loginOf = (story: Story): Login => ({
  privileged: { pid: 8, startTicks: 1 },
  child: { pid: 9, startTicks: 1 },
  server: { pid: 9, startTicks: 1 },
  user: "alice",
  uid: 1000,
  client: undefined,
  startedBootMs: story.bootMs,
});
