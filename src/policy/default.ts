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
# at the top level replaces the one set before, a list as a whole; the names under [exempt] and the
# rules are added to those before. All these files, and the directories that they are in, must be
# owned by root and writable by nobody else.

${LIMIT_KEYS.map(paragraph).join("\n")}
# Who is never warned and never ended, whatever the limits. The system looks the groups up, so LDAP
# and SSSD work.
[exempt]
groups = ["noidle"]
users = []

# Other limits for some. The first rule that matches decides; keys that it leaves out are those of
# the top level. Each list in "match" that is not empty must have an entry that matches: the name
# of the user, one of the user's groups, the address of the client (addresses and networks, IPv4
# and IPv6). match = {} matches everybody.
#
# [[rule]]
# match = { users = ["root"], groups = [], from = ["10.0.0.0/8", "2001:db8::/32"] }
# idle_timeout = "5m"
`;

/** A key with its default, below the text that says what it does. */
function paragraph(key: LimitKey): string {
  const comment = LIMITS[key].comment.map((line) => `# ${line}\n`).join("");
  return `${comment}${key} = ${writtenValue(limitValue(DEFAULT_LIMITS, key))}\n`;
}
