// Reports sshd's own timeouts on this host.
import { readFileSync, statSync } from "node:fs";
import { SSHD_CONFIG, TIMEOUTS } from "../system/paths.ts";
import { type DirectivePlace, sourcesOf } from "./configured.ts";
import { readHostConfig } from "./host-config.ts";
import { type KernelProbes, meaningOf } from "./meanings.ts";
import { complaint, mustHaveSshd, settings } from "./sshd.ts";
import type { Directive } from "./sshd-config.ts";
import { DEFAULTS, KEYWORDS, type Keyword } from "./timeouts.ts";

export interface SettingStatus {
  readonly keyword: Keyword;
  /** The value that `sshd -T` shows; `undefined` if this sshd does not know the setting. */
  readonly value: string | undefined;
  /** Where it is set; `undefined` if it has sshd's default. */
  readonly setBy: DirectivePlace | undefined;
  /** Match blocks that set another value for some logins. */
  readonly exceptions: readonly DirectivePlace[];
  readonly does: string;
  readonly doesNot: string;
}

export interface SshdStatus {
  readonly settings: readonly SettingStatus[];
  readonly dropIn: string;
  /** Files that changed after sshd last read its configuration. What sshd uses may differ from what is shown. */
  readonly unread: readonly string[];
}

/** Asks sshd and reads its configuration. Throws a `SetupError` if sshd does not accept it. */
export function sshdStatus(): SshdStatus {
  mustHaveSshd();
  const shown = settings();
  const config = readHostConfig();
  const values = Object.fromEntries(
    KEYWORDS.filter((keyword) => shown.has(keyword.toLowerCase()) || isKnown(keyword)).map((keyword) => [
      keyword,
      shown.get(keyword.toLowerCase()) ?? DEFAULTS[keyword],
    ]),
  ) as Partial<Record<Keyword, string>>;
  const probes = kernelProbes();
  return {
    settings: KEYWORDS.map((keyword): SettingStatus => {
      const { first, inMatch } = sourcesOf(keyword, config);
      const meaning = meaningOf(keyword, values, probes);
      return { keyword, value: values[keyword], setBy: first, exceptions: inMatch, ...meaning };
    }),
    dropIn: TIMEOUTS,
    unread: unreadFiles(config, shown.get("pidfile")),
  };
}

/** OpenSSH before 9.8 does not show a ChannelTimeout that is not set. */
function isKnown(keyword: Keyword): boolean {
  return complaint([`${keyword}=${DEFAULTS[keyword]}`]) === undefined;
}

/** sshd writes its pid file each time it reads its configuration. Uses the ctime of a file, because an editor may set the mtime. */
function unreadFiles(config: readonly Directive[], pidFile: string | undefined): string[] {
  const read = pidFile?.startsWith("/") ? statSync(pidFile, { throwIfNoEntry: false }) : undefined;
  if (read === undefined) return [];
  const files = new Set([SSHD_CONFIG, ...config.map(({ file }) => file)]);
  return [...files].filter((file) => statSync(file).ctimeMs > read.mtimeMs);
}

/** Whether sshd has not read its configuration since a file of it was written. */
export function isUnread(path: string): boolean {
  const pidFile = settings().get("pidfile");
  const read = pidFile?.startsWith("/") ? statSync(pidFile, { throwIfNoEntry: false }) : undefined;
  const written = statSync(path, { throwIfNoEntry: false });
  return read !== undefined && written !== undefined && written.ctimeMs > read.mtimeMs;
}

function kernelProbes(): KernelProbes {
  const value = (name: string) => Number(readFileSync(`/proc/sys/net/ipv4/tcp_keepalive_${name}`, "latin1"));
  return { afterS: value("time"), everyS: value("intvl"), count: value("probes") };
}
