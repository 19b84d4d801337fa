// Started by pam/forced-command on the terminal of a login: runs the user's shell on a pty of its own and stands between the two.
//   wrap.js PARENT DEADLINE STTY FILES    its pid, the process group that kills a start which hangs, and what `stty -g` and `ulimit -Sn` said, for the shell to have them too
//   wrap.js                               loads all that it needs, and ends: asked by the doctor
// The parent is told with SIGUSR1 that the shell has started, and with SIGUSR2 that a signal ended it: without the first, it starts the
// shell itself, and logs what stands on the standard error.

import { log } from "./audit/syslog.ts";
import { isAlive, type ProcessRef, readStat } from "./login/process.ts";
import { usableSize } from "./notice/form.ts";
import { getWindowSize, makeRaw } from "./system/libc.ts";
import { POLICY, POLICY_DIRECTORY, PROGRAM_DIRECTORY } from "./system/paths.ts";
import { reasonOf } from "./text/reason-of.ts";
import { assignmentOf } from "./wrap/assignment.ts";
import { guardTerminal } from "./wrap/guard.ts";
import { type Outer, outerTerminal } from "./wrap/outer.ts";
import { loadNative, type Pty, type ShellEnded, startOnPty } from "./wrap/pty.ts";
import { joinTerminals, type Session } from "./wrap/session.ts";
import { terminalActionsOf } from "./wrap/terminal-actions.ts";

/** An ending that is under way has so long to be recorded. */
const RECORD_MS = 15_000;

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function start(): Pty {
  const [stty = "", files = ""] = process.argv.slice(4);
  const { columns, rows } = usableSize(getWindowSize(0));
  const program = {
    file: `${PROGRAM_DIRECTORY}/forced-command`,
    args: ["inner", stty, files],
    env: process.env,
  };
  return startOnPty(program, columns, rows);
}

/** Joins the terminals, and guards until the shell or the user's terminal has gone. */
async function run(pty: Pty): Promise<ShellEnded | undefined> {
  makeRaw(0);
  const outer = outerTerminal();
  const session = joinTerminals(pty, outer.ends, outer.size());
  const gone = new Promise<undefined>((resolve) => {
    process.on("SIGHUP", () => resolve(undefined));
    process.on("SIGTERM", () => resolve(undefined));
    void session.hungUp.then(() => resolve(undefined));
    followWindow(pty, session, outer, () => resolve(undefined));
  });
  void gone.then(() => hangUpShell(pty));
  const stop = new AbortController();
  // What keeps the guard from its work, such as a /proc that hides sshd, must not cost the login.
  const guarding = guard(pty, session, stop.signal).catch((error) =>
    log("warning", `this login is not guarded: ${reasonOf(error)}`),
  );
  const ended = await Promise.race([pty.ended.then((how) => session.drain().then(() => how)), gone]);
  stop.abort();
  if (session.view.isFinished) await Promise.race([guarding, sleep(RECORD_MS)]);
  return ended;
}

/** Follows the size of the user's window; the same signal says that a lock wants the terminal. `onGone`: it did not come back. */
function followWindow(pty: Pty, session: Session, outer: Outer, onGone: () => void): void {
  const resize = () => {
    const { columns, rows } = outer.size();
    pty.resize(columns, rows);
    session.view.resize(columns, rows);
  };
  let isAway = false;
  const follow = async () => {
    // Whoever keeps the terminal is stopped until the end of the lock.
    while (outer.mustLetGo() && (await session.letGo())) {
      outer.close();
      if (!(await outer.reopen())) return onGone();
      await session.takeBack(outer.ends, outer.size());
    }
    isAway = false;
    resize();
  };
  process.on("SIGWINCH", () => {
    if (isAway) return;
    isAway = true;
    // A size is refused only by a terminal that is gone.
    void follow().catch(onGone);
  });
}

/** What the kernel does to a shell whose line drops (setsid(2)); a stopped one sees it once it goes on. */
function hangUpShell({ pid }: Pty): void {
  for (const signal of ["SIGHUP", "SIGCONT"] as const) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended.
    }
  }
}

async function guard(pty: Pty, session: Session, signal: AbortSignal): Promise<void> {
  const self = readStat(process.pid);
  const shell = readStat(pty.pid);
  if (!self || !shell) return;
  const { keys } = session;
  const own = {
    leaderPid: self.session,
    get lastKeyMs() {
      return keys.lastKeyMs;
    },
    get lastMotionMs() {
      return keys.lastMotionMs;
    },
    get lastOutputMs() {
      return session.lastOutputMs;
    },
    get chatterBytes() {
      return keys.chatterBytes;
    },
    get echoMs() {
      return keys.echoMs;
    },
  };
  using actions = terminalActionsOf(session, shell as ProcessRef);
  await guardTerminal(
    assignmentOf(self, POLICY),
    { own, actions, isOver: () => !isAlive(shell) },
    await policyAlarm(),
    signal,
  );
}

/** Tells of changes in the policy's directory. */
async function policyAlarm() {
  const { watch } = await import("chokidar");
  let change = Promise.withResolvers<void>();
  const watcher = watch(POLICY_DIRECTORY, { ignoreInitial: true, followSymlinks: false, depth: 1 });
  watcher.on("all", () => {
    change.resolve();
    change = Promise.withResolvers();
  });
  watcher.on("error", () => undefined);
  return { changed: () => change.promise };
}

/** What would kill this process may not have made its group yet: then it is a process alone. */
function stopDeadline(): void {
  for (const target of [-deadlineGroup, deadlineGroup]) {
    try {
      process.kill(target, "SIGKILL");
    } catch {
      // Not that one.
    }
  }
}

async function fail(what: string, error: unknown): Promise<never> {
  await log("err", `${what}: ${reasonOf(error)}`);
  process.exit(1);
}

const [parentPid = 0, deadlineGroup = 0] = process.argv.slice(2, 4).map(Number);
if (deadlineGroup > 0) stopDeadline();
let pty: Pty;
try {
  if (process.argv.length === 2) {
    loadNative();
    await import("chokidar");
    process.exit(0);
  }
  pty = start();
} catch (error) {
  process.stderr.write(`${reasonOf(error)}\n`);
  process.exit(1);
}
process.kill(parentPid, "SIGUSR1");
process.on(
  "uncaughtException",
  (error) => void fail("the wrap of a login failed: its shell is hung up", error),
);
const ended = await run(pty);
if (ended?.signal) process.kill(parentPid, "SIGUSR2");
process.exit(ended ? (ended.signal ? 128 + ended.signal : ended.status) : 129);
