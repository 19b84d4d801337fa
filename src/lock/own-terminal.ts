// The terminal of the login in which this process runs.
import { findLogin, hasChild, isSshd, type Login } from "../login/login.ts";
import { ownSession } from "../login/own-session.ts";
import { readStat } from "../login/process.ts";
import { minorOf } from "../login/terminal.ts";
import { titleOf } from "../login/user.ts";
import { isClaimed } from "./claimed.ts";
import { stateDirectoryOf } from "./record.ts";

export interface OwnTerminal {
  readonly login: Login;
  /** Its id in its login: `pts/3`. If a program such as `sudo` opened a terminal inside it, that is not meant. */
  readonly terminal: string;
  /** The state directory of root's watchdog. */
  readonly stateDirectory: string;
}

/** Finds it. Rejects, with what to do, unless root's watchdog guards the login: only that can lock. */
export async function ownTerminal(): Promise<OwnTerminal> {
  const { leader, server } = ownSession();
  const above = readStat(server.parent);
  // A login of root's can have one sshd, whose parent is the one that listens.
  const privileged = above && isSshd(above) && hasChild(titleOf(above.pid)) ? above : server;
  const login = findLogin({ privileged, child: server });
  if (!login) throw new Error("your login cannot be seen: is /proc mounted with hidepid?");
  if (leader.ttyNr === 0)
    throw new Error("this login has no terminal, so there is nothing to lock; log in with: ssh -t");
  const stateDirectory = stateDirectoryOf(login);
  if (!(await isClaimed(login)))
    throw new Error(
      "no watchdog of root's guards this login, and only such a one can lock: the host needs the hook pam, and logins that began after its install; ask your administrator",
    );
  return { login, terminal: `pts/${minorOf(leader.ttyNr)}`, stateDirectory };
}
