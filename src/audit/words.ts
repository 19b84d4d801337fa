// The words of an audit record on which programs depend.

/** What afkill did, or failed to do, to a login. */
export const ACTIONS = ["notice", "stay", "hang-up", "end", "fault"] as const;
export type Action = (typeof ACTIONS)[number];

/**
 * Why afkill did it. For a notice and an ending: the limit (`idle`, `max_login`) or the `administrator` who asked for it. For a stay:
 * `activity` answered the notice, the `policy` no longer ends the login, or the `user` or an `administrator` asked for it.
 */
export const CAUSES = ["idle", "max_login", "administrator", "activity", "policy", "user"] as const;
export type Cause = (typeof CAUSES)[number];

/** The purpose of a login: a terminal, files, a command, or only forwarded ports. */
export const LOGIN_KINDS = ["shell", "sftp", "command", "tunnel"] as const;
export type LoginKind = (typeof LOGIN_KINDS)[number];
