import type { Change } from "../change/change.ts";

/** What one hook needs done. The planner has already checked that the hook can work on this host; nothing is changed yet. */
export interface HookPlan {
  readonly changes: readonly Change[];
  /** Looks at the host after the changes; throws if it is not as it should be. */
  readonly verify: () => void;
  /** Makes the change take effect. Returns one line that says what it did. Throws if it failed. */
  readonly activate?: () => string;
  /** Whether the files are as they should be, and only `activate` is missing. */
  readonly isPending?: boolean;
  /** Called before a change is undone, as `carryOutAll` has it. */
  readonly beforeUndo?: (path: string) => void;
  /** What an earlier install left in another place. It goes when the hook has taken effect. */
  readonly later?: readonly Change[];
  /** Carries `later` out. Throws a `SetupError`; the hook is in place even then. */
  readonly finish?: (report: (line: string) => void) => void;
  /** What the administrator should know, one line each. */
  readonly notes: readonly string[];
}

/** The options that the administrator gave for the hook. */
export interface HookOptions {
  /** Criteria of a Match block, such as `Group staff`. */
  readonly match?: string | undefined;
  readonly acceptForcedKeys: boolean;
  /** Whether logins run inside a pty of afkill. */
  readonly wrap: boolean;
}
