// Runs inside a lab: ends a login, or one terminal of it, as a check does. Prints the outcome as JSON.
// Arguments: the privileged sshd (0 for none), the child sshd (0 for none), the session leader whose terminal is hung up (0: the whole login).
import { endLogin } from "../../src/ending/end-login.ts";
import { hangUp, type Manner } from "../../src/ending/hang-up.ts";
import { findLogin } from "../../src/login/login.ts";
import { readStat } from "../../src/login/process.ts";
import { terminalsOf } from "../../src/login/terminal.ts";
import { sayFarewell } from "../../src/notice/farewell.ts";

const [privileged = 0, child = 0, leader = 0] = process.argv.slice(2).map(Number);
const login = findLogin({ privileged: readStat(privileged), child: readStat(child) });
if (!login) throw new Error("no such login");
const manner: Manner = {
  asRoot: process.geteuid?.() === 0,
  graceMs: 2000,
  say: (terminal) => sayFarewell(terminal, "afkill: that was it"),
};
const terminals = terminalsOf(login);
const terminal = terminals.find((it) => it.leader?.pid === leader);
if (leader !== 0 && !terminal) throw new Error("no such terminal");
console.log(JSON.stringify(await (terminal ? hangUp(terminal, manner) : endLogin(login, terminals, manner))));
