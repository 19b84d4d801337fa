// The settings by which sshd itself ends connections, and the drop-in that `afkill sshd apply` writes of them. Pure.

/** What sshd shall be told. Absent: nothing is said of it. */
export interface Timeouts {
  /** 0: never ask. */
  readonly clientAliveIntervalS: number;
  /** 0: ask, and end nothing. */
  readonly clientAliveCountMax: number;
  readonly tcpKeepAlive: boolean;
  /** As sshd_config(5) has it, such as `session:*=1h agent-connection=5m`. */
  readonly channelTimeout?: string | undefined;
  /** 0: never. */
  readonly unusedConnectionTimeoutS?: number | undefined;
}

/** The settings by their names in sshd_config(5), each with the value that it has where nobody sets it. */
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

/** The settings that say `timeouts` to sshd. */
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
 * What somebody else has written into the drop-in: its text without our heading and our settings, which stand before every Match;
 * empty for nothing of weight.
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
