import type { Limits } from "./policy.ts";

/** The keys that set a limit, at the top level and in a rule, in the order of the default policy: and the field each one is read into. */
export const LIMIT_FIELDS = {
  idle_timeout: "idleTimeoutMs",
  warn_before: "warnBeforeMs",
  activity: "activity",
  busy_max: "busyMaxMs",
  no_terminal: "noTerminalMs",
  max_login: "maxLoginMs",
  max_stay: "maxStayMs",
  mouse_motion: "mouseMotion",
  trust_tty_times: "trustTtyTimes",
  heartbeats: "heartbeats",
  message: "message",
} as const satisfies Record<string, keyof Limits>;

export type LimitKey = keyof typeof LIMIT_FIELDS;

export const LIMIT_KEYS = Object.keys(LIMIT_FIELDS) as readonly LimitKey[];
