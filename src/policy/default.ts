import { POLICY_SCHEMA } from "../system/paths.ts";
import { LIMIT_KEYS, LIMITS, type LimitKey } from "./limits.ts";
import { DEFAULT_LIMITS } from "./merge.ts";
import { limitValue, writtenValue } from "./values.ts";

/** The policy that `install` writes if there is none: every key with its default and what it does. */
export const defaultPolicy = `\
#:schema ${POLICY_SCHEMA}
# afkill: when an idle SSH login is warned, and when it ends.
#
# Every key is shown with its default. Durations: "90s", "15m", "1h30m", "2d"; "off" means never.
# A change reaches running logins without a restart. While a file has a mistake in it, running
# logins keep the last good policy, new logins are not ended, and the log says which file, line
# and key is wrong.
#
# The files afkill.d/*.toml beside this one are read after it, in the order of their names. A key
# at the top level replaces the one set before, a list as a whole; the names under [exempt] are
# added to those before; the rules there are tried before those of this file. All these files, and
# the directories that they are in, must be owned by root and writable by nobody else.

${LIMIT_KEYS.map(paragraph).join("\n")}
# Who is never warned and never ended, whatever the limits. The system looks the groups up, so LDAP
# and SSSD work. Names may be patterns: "svc_*", "host?", and "!svc_web" for an exception. The users
# decide before the groups. max_login = "12h" would end even these logins, that long after they began.
[exempt]
groups = ["noidle"]
users = []

# Other limits for some. The first rule that matches decides; keys that it leaves out are those of
# the top level. All keys in "match" must fit; match = {} matches everybody:
#   users   patterns, such as "svc_*"; "!svc_web" is an exception
#   groups  patterns: one of the user's groups must fit, and no exception may fit any of them
#   from    the client: addresses and networks, IPv4 and IPv6; "!10.1.0.0/16" is an exception
#   hosts   patterns: the name of this host, as hostname(1) gives it, or the part before its first dot
#   kinds   "shell", "sftp", "tunnel", "command": what the login is for now
#   ports   numbers: the port of sshd that the client connected to
#   uids    numbers of users: "0", "1000-1999", "1000-"
#
# [[rule]]
# match = { users = ["root"], from = ["10.0.0.0/8", "2001:db8::/32"] }
# idle_timeout = "5m"
`;

/** A key with its default, below the text that says what it does. */
function paragraph(key: LimitKey): string {
  const comment = LIMITS[key].comment.map((line) => `# ${line}\n`).join("");
  return `${comment}${key} = ${writtenValue(limitValue(DEFAULT_LIMITS, key))}\n`;
}
