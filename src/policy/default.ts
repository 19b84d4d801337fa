import { POLICY_SCHEMA } from "../system/paths.ts";

/** The policy that `install` writes where there is none: every key, set to its default, with what it does. */
export const defaultPolicy = `\
#:schema ${POLICY_SCHEMA}
# afkill: when an idle SSH login is warned, and when it ends.
#
# Every key is shown with its default. Durations: "90s", "15m", "1h30m", "2d"; "off" means never.
# A change reaches running logins without a restart. While a file has a mistake in it, running
# logins keep the last good policy, new logins are ended by nobody, and the log says which file,
# line and key is wrong.
#
# The files afkill.d/*.toml beside this one are read after it, in the order of their names. A key
# at the top level replaces the one set before, a list as a whole; the names under [exempt] and the
# rules are added to those before. All these files, and the directories that they are in, must be
# owned by root and writable by nobody else.

# The limit: a terminal on which nothing has happened for this long is closed. The login ends with its
# last terminal.
idle_timeout = "15m"

# Notices on the terminal, this long before the end. [] gives none. A notice that is not shorter than
# the limit is left out.
warn_before = ["5m", "1m"]

# What counts as activity:
#   input     keys typed into the terminal; cannot be left out
#   busy      the command in the foreground computes, reads or writes files, or moves data over the network
#   transfer  the client sends data: an upload, a forwarded port in use
#   output    anything written to the terminal; it would keep a forgotten "top" for ever
activity = ["input", "busy", "transfer"]

# A login that only work keeps ends this long after the last key, with the notices before. If this is
# not longer than the limit, work keeps nothing. Without a terminal, what moved last stands for the key.
busy_max = "4h"

# The limit of a login without a terminal (scp, sftp, "ssh -N", one command): it ends when nothing
# has moved and nothing has worked for this long.
no_terminal = "off"

# Ends even an active login this long after it began, with the same notices.
max_login = "off"

# A user may keep an idle login with "afkill stay", at most this long at a time. "off": no user may.
max_stay = "off"

# Whether a mouse that moves counts as activity. Only "install --wrap" can tell motion from keys:
# without it, motion always counts.
mouse_motion = true

# Users own their terminals and can set their times without a key ("touch -a"). false: a key counts
# only if the client has also sent something that can be one. Needs the pam hook.
trust_tty_times = true

# Whether a heartbeat through a forwarded port counts as use of it: an editor that was left open, a pool
# of database connections. false: small amounts of one size at equal distances do not count. Needs the
# pam hook.
heartbeats = true

# A line of your own that follows each notice: printable ASCII, at most 200 characters. "" for none.
message = ""

# Who is never warned and never ended, whatever the limits. The system looks the groups up, so LDAP
# and SSSD work.
[exempt]
groups = ["noidle"]
users = []

# Other limits for some. The first rule that matches decides; keys that it leaves out are those of
# the top level. Each list in "match" that is not empty must have an entry that fits: the name of
# the user, one of the user's groups, the address of the client (addresses and networks, IPv4 and
# IPv6). match = {} fits everybody.
#
# [[rule]]
# match = { users = ["root"], groups = [], from = ["10.0.0.0/8", "2001:db8::/32"] }
# idle_timeout = "5m"
`;
