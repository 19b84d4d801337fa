// The words of an audit record on which programs depend.

/** What afkill did, or failed to do, to a login; `wrong-answer`: what somebody typed at the lock of a terminal. */
export const ACTIONS = [
  "notice",
  "stay",
  "lock",
  "wrong-answer",
  "unlock",
  "hang-up",
  "end",
  "fault",
] as const;
export type Action = (typeof ACTIONS)[number];

/**
 * Why afkill did it. For a notice and an ending: the limit (`idle`, `max_login`; for a locked terminal `lock_max`, `lock_tries`) or the
 * `administrator` who asked for it. For a stay: `activity` answered the notice, the `policy` no longer ends the login, or the `user` or an
 * `administrator` asked for it. For a lock: `idle`, `user` or `administrator`. For an unlocking: the `password` (whatever PAM asks for),
 * another `login` of the user, an `administrator`, or a `fault`: it was given back because its lock broke.
 */
export const CAUSES = [
  "idle",
  "max_login",
  "lock_max",
  "lock_tries",
  "administrator",
  "activity",
  "policy",
  "user",
  "password",
  "login",
  "fault",
] as const;
export type Cause = (typeof CAUSES)[number];

/** The purpose of a login: a terminal, files, a command, or only forwarded ports. */
export const LOGIN_KINDS = ["shell", "sftp", "command", "tunnel"] as const;
export type LoginKind = (typeof LOGIN_KINDS)[number];
