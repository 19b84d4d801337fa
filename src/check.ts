// Started by pam/watchdog when something may be due. Prints one line: the seconds until the next check, or `done`.

import { writeSync } from "node:fs";
import { guard } from "./guard/guard.ts";
import { type Assignment, hostOf } from "./guard/host.ts";
import { loadParts } from "./guard/parts.ts";
import type { ProcessRef } from "./login/process.ts";
import { endProcess } from "./system/libc.ts";
import { reasonOf } from "./text/reason-of.ts";

/** Reads `PID:STARTTICKS`. */
function processRef(text: string | undefined): ProcessRef | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d{1,10}):(\d{1,20})$/.exec(text);
  if (!match) throw new Error(`expected PID:STARTTICKS, got ${JSON.stringify(text)}`);
  return { pid: Number(match[1]), startTicks: Number(match[2]) };
}

/** The options that take a value, and those that take none. */
const VALUES = ["privileged", "child", "connection", "state", "config", "clock"] as const;
const FLAGS = ["blind", "from-afar"] as const;
type Options = { [K in (typeof VALUES)[number] | (typeof FLAGS)[number]]?: string };

/** Reads `--NAME VALUE` and `--FLAG`. Throws on anything else. Only pam/watchdog gives them: Node needs long to load a parser for people. */
function optionsIn(words: readonly string[]): Options {
  const options: Options = {};
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    const value = VALUES.find((name) => word === `--${name}`);
    const flag = FLAGS.find((name) => word === `--${name}`);
    if (flag !== undefined) options[flag] = "";
    else if (value !== undefined && at + 1 < words.length) options[value] = words[++at] ?? "";
    else throw new Error(`expected an option with its value, got ${JSON.stringify(word)}`);
  }
  return options;
}

function assignment(): Assignment {
  const values = optionsIn(process.argv.slice(2));
  if (values.state === undefined || values.config === undefined)
    throw new Error("--state and --config are needed");
  return {
    privileged: processRef(values.privileged),
    child: processRef(values.child),
    connection: values.connection,
    stateDirectory: values.state,
    configPath: values.config,
    clockHistory: values.clock ?? "",
    isBlind: values.blind !== undefined,
    isFromAfar: values["from-afar"] !== undefined,
  };
}

const STDOUT = 1;
const STDERR = 2;

// The launcher that sheds the user's environment gave this process a group of its own; what root writes is not for that group.
if (process.geteuid?.() === 0) process.setgid?.(0);

/** Runs the check; returns its exit status. */
async function main(): Promise<number> {
  try {
    const assigned = assignment();
    // Without a login it only shows that a check can run here: the doctor and an install ask that.
    if (!assigned.privileged && !assigned.child) await loadParts();
    writeSync(STDOUT, `${await guard(hostOf(assigned))}\n`);
    return 0;
  } catch (error) {
    writeSync(STDERR, `${reasonOf(error)}\n`);
    return 1;
  }
}

// Not `process.stdout`: Node loads its streams for that. What was written has arrived, so Node need not put its own affairs in order.
void main().then(endProcess);
