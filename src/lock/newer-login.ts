// Whether somebody has proved who they are since a terminal was locked: by a second login.
import { findLogin, hasChild, type Login } from "../login/login.ts";
import { type ProcessStat, readStat } from "../login/process.ts";
import { isInContainer, programOf, rootsPrograms } from "../login/program.ts";
import { titleOf } from "../login/user.ts";

/** A chain of processes above one: a user can make it as long as they like. */
const MOST_ABOVE = 256;

/**
 * The login that a process is in: below a privileged sshd of this host's. `undefined` if there is none, or the process ends meanwhile. A
 * process that left its login (tmux, nohup) is in none. Needs root.
 */
export function loginAbove(pid: number): Login | undefined {
  const peer = readStat(pid);
  if (!peer) return undefined;
  const sshd = privilegedAbove(peer);
  const login = sshd && findLogin({ privileged: sshd });
  // Its pid can be another process's by now.
  return readStat(pid)?.startTicks === peer.startTicks ? login : undefined;
}

function privilegedAbove(peer: ProcessStat): ProcessStat | undefined {
  const isRoots = rootsPrograms();
  let below = peer;
  for (let steps = 0; steps < MOST_ABOVE && below.parent > 1; steps++) {
    const at = readStat(below.parent);
    // A parent is older than its child; if not, its pid was given out again.
    if (!at || at.startTicks > below.startTicks) return undefined;
    if (mayBePrivileged(at, isRoots)) return at;
    below = at;
  }
  return undefined;
}

/**
 * Whether it may be the privileged sshd of an authenticated login: a program of this host's that root alone can have put there, with that
 * title. `findLogin` also wants it to run as root, and to be an sshd.
 */
function mayBePrivileged({ pid }: ProcessStat, isRoots: ReturnType<typeof rootsPrograms>): boolean {
  return hasChild(titleOf(pid)) && !isInContainer(pid) && isRoots(pid, programOf(pid));
}
