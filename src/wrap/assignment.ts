// Which login a wrapped terminal belongs to, from where its processes stand.
import type { Assignment } from "../guard/host.ts";
import { hasChild, isSshd } from "../login/login.ts";
import { type ProcessStat, readStat } from "../login/process.ts";
import { titleOf } from "../login/user.ts";

/** Where nothing can be kept: a wrap remembers by itself. */
const NOWHERE = "/dev/null/afkill";

/** `self`: a process of the terminal's session, whose leader is a child of the login's sshd. Throws when it is not. */
export function assignmentOf(self: ProcessStat, configPath: string): Assignment {
  const leader = readStat(self.session);
  const server = leader && readStat(leader.parent);
  if (!server || !isSshd(server)) throw new Error(`the session ${self.session} was not started by an sshd`);
  const parent = readStat(server.parent);
  // Of root's logins in OpenSSH before 9.8 the privileged sshd serves the terminals, and its parent is the listener.
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
