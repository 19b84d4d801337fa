// The real host, through which a check acts. The loop in guard.ts knows only this interface, so a test can give it another host.
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { OwnTerminal } from "../activity/look.ts";
import { FROM_AFAR } from "../ending/from-afar.ts";
import { fromOutsideOf, type TerminalActions } from "../ending/terminal-actions.ts";
import { takeAsks } from "../lock/ask.ts";
import { findLogin, type Login } from "../login/login.ts";
import type { ProcessRef } from "../login/process.ts";
import { type Terminal, terminalsOf } from "../login/terminal.ts";
import type { Shown } from "../notice/show.ts";
import { type Applied, withIdleTimeout, withoutLock } from "../policy/policy.ts";
import { type Clocks, parseTold, readClocks, type Told, uptimeShiftS } from "../system/clock.ts";
import { isUninstalled } from "../system/installed.ts";
import { endAfter } from "../system/libc.ts";
import { RUN_DIRECTORY } from "../system/paths.ts";
import { act, recordFaults, recordStays, type Scene } from "./act.ts";
import { type Decided, decidePolicy } from "./decide.ts";
import { recordFault } from "./fault.ts";
import type { Verdict } from "./judge.ts";
import type { Locks } from "./lock-activity.ts";
import { type Memory, readMemory, writeMemory } from "./memory.ts";
import { type Known, type Observation, type Occasion, observe } from "./observe.ts";
import { readLivingLocks, readLocks } from "./read-locks.ts";

/** What the watchdog tells a check of its login. */
export interface Assignment {
  readonly privileged?: ProcessRef | undefined;
  readonly child?: ProcessRef | undefined;
  /** The text of SSH_CONNECTION, if a hook runs as the user and cannot see the login's socket. */
  readonly connection?: string | undefined;
  readonly stateDirectory: string;
  readonly configPath: string;
  readonly clockHistory: string;
  /** The kernel ended the last look because it took too long. This look is from afar, and reads no process of the login's user. */
  readonly isBlind?: boolean | undefined;
  /** The last check hung: see `Known.isFromAfar`. */
  readonly isFromAfar?: boolean | undefined;
}

/** One look of a check and its result, for the caller of the check. */
export interface CheckedLook {
  readonly scene: Scene;
  readonly verdict: Verdict;
  /** The login is gone. */
  readonly ended: boolean;
  /** What was wrong with the policy. */
  readonly complaint: string | undefined;
}

/** Everything that a check needs from the host, the login and the policy. */
export interface Host {
  readonly readClocks: () => Clocks;
  readonly sleep: (ms: number) => Promise<unknown>;
  /** What the last check remembered, and what a watchdog has noted of the clocks since then. */
  readonly recall: () => { readonly memory: Memory; readonly told?: Told | undefined };
  /** Keeps the memory for the next check. Returns whether that worked. */
  readonly save: (memory: Memory) => boolean;
  /** The login; `undefined` if it is gone. `child`: the sshd of the user, if an earlier look found it. */
  readonly findLogin: (child: ProcessRef | undefined) => Login | undefined;
  readonly decidePolicy: (login: Login, memory: Memory) => Promise<Decided>;
  /** Whether afkill is uninstalled: then the policy must be asked again at once. */
  readonly isUninstalled: () => boolean;
  /** Which terminals are locked now. */
  readonly readLocks: (login: Login, applied: Applied) => Promise<Locks>;
  /** Looks at the login. Throws if the host lets nobody look. */
  readonly observe: (occasion: Occasion) => Promise<Observation>;
  /** The terminals of a login that cannot be looked at: a notice about its age can still be written there. */
  readonly terminalsOf: (login: Login) => readonly Terminal[];
  /** Carries a verdict out. Returns whether the login is gone. */
  readonly act: (verdict: Verdict, scene: Scene) => Promise<boolean>;
  /** Records a fault of the policy. */
  readonly recordComplaint: (login: Login, applied: Applied, complaint: string) => Promise<void>;
  /** Records the stays and faults that are new since the last look. */
  readonly recordNews: (scene: Scene, memory: Memory) => Promise<void>;
  /** Makes the kernel end this process unless it is called again within so many seconds; 0 cancels that. */
  readonly endAfter: (seconds: number) => void;
  /** Whether the terminal of this check has ended. The login may still have others. */
  readonly isOver: () => boolean;
  /** Called after each look. With it, the check ends as soon as no notice stands: no watchdog sleeps for it. */
  readonly watch?: ((look: CheckedLook) => void) | undefined;
}

/** The differences between the checks of a watchdog, a sweep and a wrap. */
export interface HostOptions {
  /** Used for the policy's idle timeout, unless the login is exempt. */
  readonly idleTimeoutMs?: number | undefined;
  readonly watch?: Host["watch"];
  /** For a guard that lives as long as its login does. */
  readonly wrapHost?: WrapHost | undefined;
}

/**
 * A process through which a terminal's stream goes. It keeps its memory itself, sees more of that terminal, and acts on it in its own ways.
 */
export interface WrapHost {
  readonly recall: () => Memory;
  readonly keep: (memory: Memory) => void;
  readonly own: OwnTerminal;
  readonly actions: TerminalActions;
  readonly isOver: () => boolean;
}

/** The host that this process runs on, for a check of one login. */
export function hostOf(assignment: Assignment, { idleTimeoutMs, watch, wrapHost }: HostOptions = {}): Host {
  const { isBlind = false, stateDirectory } = assignment;
  const isFromAfar = isBlind || assignment.isFromAfar;
  const actions = wrapHost?.actions ?? (isFromAfar ? FROM_AFAR : fromOutsideOf(stateDirectory));
  const known: Known = { isFromAfar, ...(isBlind && { tree: [] }), ...(wrapHost && { own: wrapHost.own }) };
  const shown = new Map<string, Shown>();
  // The process of a sweep also looks at other logins, and that of a wrap serves its terminal: one look that hangs must not end them.
  const isAlone = watch === undefined && wrapHost === undefined;
  // A lock outlives the check. The watchdog watches over it, in the directory where it keeps its memory: a sweep has another one.
  const isWatchedOver = dirname(stateDirectory) === RUN_DIRECTORY;
  const mayLock = isRoot() && isWatchedOver && actions.lock !== undefined;
  const mayGiveBack = isRoot() && !isFromAfar && wrapHost === undefined;
  return {
    readClocks,
    sleep,
    recall: () => (wrapHost ? { memory: wrapHost.recall() } : recall(assignment)),
    save: (memory) => {
      if (!wrapHost) return writeMemory(stateDirectory, memory);
      wrapHost.keep(memory);
      return true;
    },
    findLogin: (child) => findLogin({ ...assignment, child: assignment.child ?? child }),
    decidePolicy: async (login, memory) => {
      const decided = await decidePolicy(assignment, login, memory);
      const applied = withIdleTimeout(decided.applied, idleTimeoutMs);
      return { ...decided, applied: mayLock ? applied : withoutLock(applied) };
    },
    isUninstalled,
    readLocks: async (login, applied) => (mayGiveBack ? readLivingLocks(login, applied) : readLocks(login)),
    observe: async (occasion) => {
      const seen = await observe(occasion, known);
      return mayLock ? { ...seen, asks: takeAsks(occasion.login, stateDirectory) } : seen;
    },
    terminalsOf: (login) => terminalsOf(login, { tree: [] }),
    act: (verdict, scene) => act(verdict, scene, shown, actions),
    recordComplaint: recordFault,
    recordNews: async (scene, { subjects, faults }) => {
      await recordStays(scene, subjects);
      await recordFaults(scene, faults);
    },
    endAfter: isAlone ? endAfter : () => undefined,
    isOver: wrapHost?.isOver ?? (() => false),
    watch,
  };
}

function recall({ stateDirectory, clockHistory }: Assignment): ReturnType<Host["recall"]> {
  const told = clockHistory === "" ? undefined : parseTold(clockHistory, uptimeShiftS());
  return { memory: readMemory(stateDirectory), told };
}

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}
