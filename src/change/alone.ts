// Only one change of the host at a time. A second one would plan from the half-done work of the first, and restore that state.
import { constants, openSync } from "node:fs";
import { lockFile } from "../system/libc.ts";
import { SetupError } from "./setup-error.ts";

/** Only root can open it, so nobody else can hold its lock. */
const LOCK = "/run/afkill-setup.lock";

/** Keeps others from changing the host until this process ends. Throws a `SetupError` when another process does so now. */
export function mustBeAlone(): void {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
  if (!lockFile(openSync(LOCK, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600)))
    throw new SetupError(
      "another afkill command is changing this host",
      "wait until it has ended, and run this again",
    );
}
