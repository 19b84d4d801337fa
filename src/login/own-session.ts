// The login that this process is in, as far as the processes above it show.
import { isSshd } from "./login.ts";
import { type ProcessStat, readStat } from "./process.ts";

/** The nearest sshd above us, and the process below it that we come from. Throws, with what to do, if there is none. */
export function ownSession(): { readonly leader: ProcessStat; readonly server: ProcessStat } {
  let leader = readStat(process.pid);
  while (leader && leader.parent > 0) {
    const server = readStat(leader.parent);
    if (server && isSshd(server)) return { leader, server };
    leader = server;
  }
  throw new Error(
    "this is not inside an SSH login; run it in a shell of the login itself, not in tmux or screen",
  );
}
