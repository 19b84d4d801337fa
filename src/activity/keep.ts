// Whether an administrator keeps a login (`afkill stay --login`, `k` of `afkill top`). Such a record counts only if root alone can have
// made it. The policy's `max_stay` bounds what users ask for, not this.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import type { Login } from "../login/login.ts";
import { isAlive } from "../login/process.ts";
import type { ClockReading } from "../system/clock.ts";
import { KEEP_DIRECTORY } from "../system/paths.ts";
import { readRoots } from "../system/read-roots.ts";
import { shortTime } from "../text/local-time.ts";
import type { Evidence } from "./evidence.ts";

const MOST_BYTES = 1024;

const schema = v.object({
  version: v.literal(1),
  /** On the boot clock. */
  untilMs: v.pipe(v.number(), v.finite()),
});
type Keep = v.InferOutput<typeof schema>;

/** The path of a login's record. It has the name of the sshd that serves the login: a login can outlive its privileged sshd. */
export function keepFile({ server }: Pick<Login, "server">, directory = KEEP_DIRECTORY): string {
  return `${directory}/${server.pid}-${server.startTicks}`;
}

/** The text of a record. */
export function keepText(untilMs: number): string {
  return `${JSON.stringify({ version: 1, untilMs } satisfies Keep)}\n`;
}

/** Reads the text of a record. Throws if it has another form. */
export function parseKeep(text: string): Keep {
  return v.parse(schema, JSON.parse(text));
}

/** Evidence that a login is kept, from its record; `undefined` if there is no record that root alone can have written. */
export function keepOf(
  login: Pick<Login, "server">,
  now: ClockReading,
  directory = KEEP_DIRECTORY,
): Evidence | undefined {
  const keep = readKeep(keepFile(login, directory));
  if (!keep) return undefined;
  const until = shortTime(now.wallMs + keep.untilMs - now.bootMs, now.wallMs);
  return {
    source: "keep",
    atMs: Math.min(now.bootMs, keep.untilMs),
    detail: `kept by an administrator until ${until}`,
  };
}

/** Removes the records of logins that have ended. A record that somebody else removes meanwhile is no error. */
export function forgetEnded(directory = KEEP_DIRECTORY): void {
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    const [pid = "", startTicks] = /^\d{1,10}-\d{1,20}$/.test(name) ? name.split("-") : [];
    if (pid !== "" && !isAlive({ pid: Number(pid), startTicks: Number(startTicks) }))
      rmSync(join(directory, name), { force: true });
  }
}

function readKeep(path: string): Keep | undefined {
  // Few logins have a record.
  const text = existsSync(path) ? readRoots(path, MOST_BYTES) : undefined;
  try {
    return text === undefined ? undefined : parseKeep(text);
  } catch {
    return undefined;
  }
}
