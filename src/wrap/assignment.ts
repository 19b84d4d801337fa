// Which login a wrapped terminal belongs to. The parents of its processes tell.
import type { Assignment } from "../guard/host.ts";
import { hasChild, isSshd } from "../login/login.ts";
import { type ProcessStat, readStat } from "../login/process.ts";
import { titleOf } from "../login/user.ts";

/** A path where nothing can be stored: a wrap keeps its memory in its own process. */
const NOWHERE = "/dev/null/afkill";

/** `self`: a process of the terminal's session. Throws if the session leader is not a child of the login's sshd. */
export function assignmentOf(self: ProcessStat, configPath: string): Assignment {
  const leader = readStat(self.session);
  const server = leader && readStat(leader.parent);
  if (!server || !isSshd(server)) throw new Error(`the session ${self.session} was not started by an sshd`);
  const parent = readStat(server.parent);
  // If root logs in, sshd before OpenSSH 9.8 serves the terminals from the privileged process; its parent is the listener.
  const isPrivileged =
    process.geteuid?.() === 0 && !(parent && isSshd(parent) && hasChild(titleOf(parent.pid)));
  return {
    privileged: isPrivileged ? server : parent && isSshd(parent) ? parent : undefined,
    child: isPrivileged ? undefined : server,
    connection: process.env.SSH_CONNECTION,
    stateDirectory: NOWHERE,
    configPath,
    clockHistory: "",
  };
}
