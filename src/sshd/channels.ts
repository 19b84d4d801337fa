// The types of channels that ChannelTimeout tells apart. Pure.

/** One of each kind in sshd_config(5), "ChannelTimeout"; the type of a subsystem contains its name. */
const TYPES = [
  "agent-connection",
  "direct-tcpip",
  "direct-streamlocal@openssh.com",
  "forwarded-tcpip",
  "forwarded-streamlocal@openssh.com",
  "session:command",
  "session:shell",
  "session:subsystem:sftp",
  "tun-connection",
  "x11-connection",
];

/**
 * The patterns in a value of ChannelTimeout that match no channel in use. sshd accepts them silently: `session=1h` looks right, but a
 * session that runs something is called `session:shell`, `session:command` or `session:subsystem:NAME`.
 */
export function idlePatterns(value: string): string[] {
  return value
    .split(/\s+/)
    .map((pair) => pair.replace(/=[^=]*$/, ""))
    .filter((pattern) => pattern !== "" && !/^(none|global)$/.test(pattern))
    .filter((pattern) => !pattern.startsWith("session:subsystem:") && !TYPES.some(matcher(pattern)));
}

/** A pattern of ssh_config(5), "PATTERNS": `*` and `?`. */
function matcher(pattern: string): (type: string) => boolean {
  const source = pattern.replace(/[^\w]/g, (sign) =>
    sign === "*" ? ".*" : sign === "?" ? "." : `\\${sign}`,
  );
  const expression = new RegExp(`^${source}$`);
  return (type) => expression.test(type);
}
