// Keeps logins because an administrator asked for it; see src/activity/keep.ts.

import { forgetEnded, keepFile, keepText } from "../activity/keep.ts";
import { record } from "../audit/record.ts";
import { writeNew } from "../change/write-new.ts";
import { describe } from "../guard/act.ts";
import { LOGIN_SUBJECT } from "../guard/observe.ts";
import { findLogin } from "../login/login.ts";
import { terminalName } from "../login/terminal.ts";
import type { Surveyed } from "../survey/survey.ts";
import { readClocks } from "../system/clock.ts";
import { makeOwn } from "../system/own-directory.ts";
import { KEEP_DIRECTORY, RUN_DIRECTORY } from "../system/paths.ts";
import { formatDuration } from "../text/duration.ts";
import { shortTime } from "../text/local-time.ts";

/**
 * For `ms` from now a login counts as active, so its idle time begins after that. An earlier keep is replaced. `max_login` still ends
 * the login. Returns the end of the keep, for people. Throws if the login cannot be kept.
 */
export async function keepOne(it: Surveyed, ms: number, administrator: string): Promise<string> {
  if (!findLogin(it.login)) throw new Error("it has ended by itself");
  makeOwn(RUN_DIRECTORY, 0o755);
  makeOwn(KEEP_DIRECTORY, 0o755);
  forgetEnded();
  const { bootMs, wallMs } = readClocks();
  writeNew(keepFile(it.login), keepText(bootMs + ms), true);
  const until = shortTime(wallMs + ms, wallMs);
  const [id = LOGIN_SUBJECT] = Object.keys(it.observation.subjects);
  const reason = `kept by ${administrator} for ${formatDuration(ms)}, until ${until}`;
  const facts = { cause: "administrator", outcome: "kept", ended: null, reason } as const;
  const terminals = it.observation.terminals.map(terminalName);
  await record({ ...describe("stay", id, it, facts), terminals });
  return until;
}
