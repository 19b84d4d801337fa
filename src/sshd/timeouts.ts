// sshd's own settings that end connections, and the drop-in with them that `afkill sshd apply` writes. Pure.

/** The settings to give to sshd. An absent one is not written. */
export interface Timeouts {
  /** In seconds. 0: sshd never asks. */
  readonly clientAliveIntervalS: number;
  /** 0: sshd asks, but ends nothing. */
  readonly clientAliveCountMax: number;
  readonly tcpKeepAlive: boolean;
  /** In the form of sshd_config(5), such as `session:*=1h agent-connection=5m`. */
  readonly channelTimeout?: string | undefined;
  /** In seconds. 0: never. */
  readonly unusedConnectionTimeoutS?: number | undefined;
}

/** The settings by their names in sshd_config(5), each with sshd's default value. */
export const DEFAULTS = {
  ClientAliveInterval: "0",
  ClientAliveCountMax: "3",
  TCPKeepAlive: "yes",
  ChannelTimeout: "none",
  UnusedConnectionTimeout: "none",
} as const;
export type Keyword = keyof typeof DEFAULTS;
export const KEYWORDS = Object.keys(DEFAULTS) as Keyword[];

export interface Setting {
  readonly keyword: Keyword;
  readonly value: string;
}

/** The settings that give `timeouts` to sshd. */
export function settingsOf(timeouts: Timeouts): Setting[] {
  const { channelTimeout, unusedConnectionTimeoutS: unusedS } = timeouts;
  const all: readonly (readonly [Keyword, string | undefined])[] = [
    ["ClientAliveInterval", String(timeouts.clientAliveIntervalS)],
    ["ClientAliveCountMax", String(timeouts.clientAliveCountMax)],
    ["TCPKeepAlive", timeouts.tcpKeepAlive ? "yes" : "no"],
    ["ChannelTimeout", channelTimeout],
    ["UnusedConnectionTimeout", unusedS === 0 ? "none" : unusedS?.toString()],
  ];
  return all.flatMap(([keyword, value]) => (value === undefined ? [] : [{ keyword, value }]));
}

const HEADING = "# Written by `afkill sshd apply`; `afkill sshd revert` and `afkill uninstall` remove it.";

/** The text of the drop-in. */
export function dropInText(settings: readonly Setting[]): string {
  return [HEADING, ...settings.map(({ keyword, value }) => `${keyword} ${value}`), ""].join("\n");
}

/**
 * What somebody else has written into the drop-in: its text without our heading and our settings, which are before every Match. Empty if
 * only comments and blanks are left.
 */
export function foreignText(text: string): string {
  const ours = new RegExp(`^\\s*(?:${KEYWORDS.join("|")})(?:[\\s=]|$)`, "i");
  const lines = text.split("\n");
  const match = lines.findIndex((line) => /^\s*Match[\s=]/i.test(line));
  const rest = lines
    .filter((line, at) => (match >= 0 && at >= match) || (line !== HEADING && !ours.test(line)))
    .join("\n");
  return /^\s*[^\s#]/m.test(rest) ? rest : "";
}
