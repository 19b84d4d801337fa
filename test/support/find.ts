// Runs inside a lab: finds a login as a check does. Prints it and its terminals as JSON, `null` when it is gone.
// Arguments, each may be empty: the privileged sshd, the child sshd (PID or PID:TICKS), the text of SSH_CONNECTION.
import { findLogin } from "../../src/login/login.ts";
import { type ProcessRef, readStat } from "../../src/login/process.ts";
import { innermost, terminalsOf } from "../../src/login/terminal.ts";

function refOf(word: string | undefined): ProcessRef | undefined {
  if (!word) return undefined;
  const [pid = 0, startTicks] = word.split(":").map(Number);
  return startTicks === undefined ? readStat(pid) : { pid, startTicks };
}

const [privileged, child, connection] = process.argv.slice(2);
const login = findLogin({ privileged: refOf(privileged), child: refOf(child), connection });
const terminals = login && terminalsOf(login);
const jobs = terminals?.map((it) => innermost(it).foregroundJob.map(({ name }) => name));
console.log(JSON.stringify(login ? { login, terminals, jobs } : null));
