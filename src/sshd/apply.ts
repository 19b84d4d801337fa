// Writes sshd's timeouts into our own drop-in.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Change, directory, file, isDue, look } from "../change/change.ts";
import { SetupError } from "../change/setup-error.ts";
import { TIMEOUTS } from "../system/paths.ts";
import { idlePatterns } from "./channels.ts";
import { exceptions, sourcesOf } from "./configured.ts";
import { mustInclude, readHostConfig } from "./host-config.ts";
import { complaint, mustBeGood, mustHaveSshd, settings } from "./sshd.ts";
import type { Directive } from "./sshd-config.ts";
import { dropInText, foreignText, type Setting, settingsOf, type Timeouts } from "./timeouts.ts";

/** What `apply` will do, after everything that can be checked beforehand is checked. */
export interface ApplyPlan {
  /** Empty if the drop-in already has these settings. */
  readonly changes: readonly Change[];
  /** Throws unless sshd accepts its files and reads the wanted values from them. */
  readonly verify: () => void;
  /** What the administrator should know, one line each. */
  readonly notes: readonly string[];
}

/** Plans to write the drop-in; changes nothing. Throws a `SetupError` if sshd would refuse the drop-in or ignore it. */
export function planApply(timeouts: Timeouts): ApplyPlan {
  mustHaveSshd();
  const before = complaint();
  if (before !== undefined) throw new SetupError(before, "correct sshd's configuration and run this again");
  const chosen = settingsOf(timeouts);
  for (const setting of chosen) mustBeTaken(setting);
  mustBeOurs();
  const text = dropInText(chosen);
  const config = readHostConfig({ path: TIMEOUTS, text });
  mustInclude(config, TIMEOUTS);
  const wanted = chosenOf(chosen, settings(chosen.map(asOption)));
  mustCount(chosen, wanted, config);
  const change = file(TIMEOUTS, 0o644, Buffer.from(text));
  const verify = () => {
    mustBeGood();
    mustShow(wanted);
  };
  return { changes: isDue(change) ? [change] : [], verify, notes: notesOn(timeouts, config) };
}

function asOption({ keyword, value }: Setting): string {
  return `${keyword}=${value}`;
}

/** Asks sshd itself, before anything is written. */
function mustBeTaken(setting: Setting): void {
  const wrong = complaint([asOption(setting)]);
  if (wrong === undefined) return;
  if (/bad configuration option/i.test(wrong))
    throw new SetupError(
      `this sshd does not know ${setting.keyword}`,
      "leave it out, or upgrade to OpenSSH 9.2 or later; nothing was changed",
    );
  throw new SetupError(
    `sshd does not accept ${setting.keyword} ${setting.value} (${wrong})`,
    "give another value; nothing was changed",
  );
}

/** The directory of the drop-in must exist and be safe, and the path must not be used by somebody else. */
function mustBeOurs(): void {
  const around = dirname(TIMEOUTS);
  if (isDue(directory(around)))
    throw new SetupError(`there is no ${around}`, `create it (mkdir -m 755 ${around}) and run this again`);
  if (look(TIMEOUTS)?.isFile() && foreignText(readFileSync(TIMEOUTS, "latin1")) !== "")
    throw new SetupError(
      `${TIMEOUTS} holds more than afkill has written`,
      "move the other lines to a file of your own and run this again",
    );
}

/** The chosen settings as `sshd -T` shows them. */
function chosenOf(
  chosen: readonly Setting[],
  shown: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const keys = chosen.map(({ keyword }) => keyword.toLowerCase());
  return new Map(keys.map((key) => [key, shown.get(key) ?? "none"]));
}

/** In sshd the first value counts. A value before ours is already in effect, so `sshd -T` shows whether it is the same. */
function mustCount(
  chosen: readonly Setting[],
  wanted: ReadonlyMap<string, string>,
  config: readonly Directive[],
): void {
  const now = chosenOf(chosen, settings());
  for (const { keyword } of chosen) {
    const { first } = sourcesOf(keyword, config);
    const key = keyword.toLowerCase();
    if (first === undefined || first.file === TIMEOUTS || now.get(key) === wanted.get(key)) continue;
    throw new SetupError(
      `${first.file}:${first.line} sets ${keyword} ${first.value}, and comes before ${TIMEOUTS}: in sshd the first value counts`,
      "remove that line and run this again; nothing was changed",
    );
  }
}

function mustShow(wanted: ReadonlyMap<string, string>): void {
  const shown = settings();
  for (const [key, value] of wanted) {
    const now = shown.get(key) ?? "none";
    if (now !== value) throw new Error(`sshd -T shows ${key} ${now} where ${value} was written`);
  }
}

function notesOn({ channelTimeout = "" }: Timeouts, config: readonly Directive[]): string[] {
  return [
    ...exceptions(config).map(
      (place) => `${place} is in a Match block: for the logins that it matches, it counts instead`,
    ),
    ...idlePatterns(channelTimeout).map(
      (pattern) => `no channel in use has the type "${pattern}"; sessions are called session:*`,
    ),
  ];
}
