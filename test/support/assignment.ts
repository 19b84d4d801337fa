// Runs inside a lab, on a terminal of a login: prints as JSON which sshds a wrap there would take for those of its login.
import { readStat } from "../../src/login/process.ts";
import { assignmentOf } from "../../src/wrap/assignment.ts";

const self = readStat(process.pid);
if (!self) throw new Error("no process of ours");
const { privileged, child } = assignmentOf(self, "/etc/afkill/afkill.toml");
console.log(`assigned=${JSON.stringify([privileged?.pid ?? null, child?.pid ?? null])}`);
