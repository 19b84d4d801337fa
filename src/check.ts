// Started by pam/watchdog when something may be due. Prints one line: the seconds until the next check, or `done`.

import { parseArgs } from "node:util";
import { guard } from "./guard/guard.ts";
import { type Assignment, hostOf } from "./guard/host.ts";
import type { ProcessRef } from "./login/process.ts";
import { endAtOnce } from "./system/end-at-once.ts";
import { reasonOf } from "./text/reason-of.ts";

/** Reads `PID:STARTTICKS`. */
function processRef(text: string | undefined): ProcessRef | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d{1,10}):(\d{1,20})$/.exec(text);
  if (!match) throw new Error(`expected PID:STARTTICKS, got ${JSON.stringify(text)}`);
  return { pid: Number(match[1]), startTicks: Number(match[2]) };
}

function assignment(): Assignment {
  const { values } = parseArgs({
    options: {
      privileged: { type: "string" },
      child: { type: "string" },
      connection: { type: "string" },
      state: { type: "string" },
      config: { type: "string" },
      clock: { type: "string", default: "" },
      blind: { type: "boolean", default: false },
      "from-afar": { type: "boolean", default: false },
    },
  });
  if (values.state === undefined || values.config === undefined)
    throw new Error("--state and --config are needed");
  return {
    privileged: processRef(values.privileged),
    child: processRef(values.child),
    connection: values.connection,
    stateDirectory: values.state,
    configPath: values.config,
    clockHistory: values.clock,
    isBlind: values.blind,
    isFromAfar: values["from-afar"],
  };
}

// The launcher that sheds the user's environment gave this process a group of its own; what root writes is not for that group.
if (process.geteuid?.() === 0) process.setgid?.(0);

/** Runs the check; returns its exit status. */
async function main(): Promise<number> {
  try {
    process.stdout.write(`${await guard(hostOf(assignment()))}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${reasonOf(error)}\n`);
    return 1;
  }
}

void main().then(endAtOnce);
