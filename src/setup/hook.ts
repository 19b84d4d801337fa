import type { Change } from "../change/change.ts";

/** What one hook needs done. Planning it has checked that it can work on this host, and changed nothing. */
export interface HookPlan {
  readonly changes: readonly Change[];
  /** Looks at the host after the changes; throws when it is not as it should be. */
  readonly verify: () => void;
  /** Makes the change take effect; returns what it did, in a line. Throws when it could not. */
  readonly activate?: () => string;
  /** What the administrator should know, a line each. */
  readonly notes: readonly string[];
}

/** What the administrator asked for with the hook. */
export interface HookOptions {
  /** Criteria of a Match block, such as `Group staff`. */
  readonly match?: string | undefined;
  readonly acceptForcedKeys: boolean;
  /** Logins run inside a pty of afkill's. */
  readonly wrap: boolean;
}
