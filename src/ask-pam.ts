// Asks PAM whether somebody is a user of this host. Started by a locker for each attempt; see src/lock/conversation.ts.
//   ask-pam.js FACTS    JSON: service, user, tty, rhost. Questions go out on descriptor 3, answers come in on 4.
// PAM's modules run in this process. One that hangs or crashes takes only this process with it. A program that a module starts gets neither
// descriptor: Node closes them on exec(3).

import { writeSync } from "node:fs";
import { ANSWERS, type FromPam, QUESTIONS } from "./lock/protocol.ts";
import { askPam } from "./system/pam.ts";
import { dieWithParent, keepMemorySecret } from "./system/self.ts";

function tell(message: FromPam): void {
  writeSync(QUESTIONS, `${JSON.stringify(message)}\n`);
}

dieWithParent();
keepMemorySecret();

const result = askPam(JSON.parse(process.argv[2] ?? ""), {
  ask: (text, echo) => tell({ kind: "ask", text, echo }),
  say: (text, error) => tell({ kind: "say", text, error }),
  answers: ANSWERS,
});
tell({ kind: "result", ...result });
process.exit(0);
