// When `afkill top` looks again: when the watchdogs' state changes, and every few seconds for changes that no file shows.
import { watch } from "chokidar";
import { type Surveyed, survey } from "../../survey/survey.ts";
import { RUN_DIRECTORY } from "../../system/paths.ts";

export interface Watching {
  /** Looks again as soon as possible. */
  readonly refresh: () => void;
  readonly stop: () => Promise<void>;
}

const LOOK_EVERY_MS = 2_000;
/** The shortest time between two surveys, even if much changes. */
const REST_MS = 1_000;

/** Surveys now and then again and again, one at a time. `onFault` gets the error of a failed survey; the next one is still made. */
export function watchLogins(
  configPath: string,
  onSurvey: (surveyed: readonly Surveyed[]) => void,
  onFault: (error: unknown) => void,
): Watching {
  let timer: NodeJS.Timeout | undefined;
  let isRunning = false;
  let isAsked = false;
  let stopped = false;
  let endedAt = Number.NEGATIVE_INFINITY;

  const look = async () => {
    isRunning = true;
    isAsked = false;
    try {
      const found = await survey({ configPath });
      if (!stopped) onSurvey(found);
    } catch (error) {
      if (!stopped) onFault(error);
    }
    isRunning = false;
    endedAt = performance.now();
    plan(isAsked ? REST_MS : LOOK_EVERY_MS);
  };
  const plan = (afterMs: number) => {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(look, afterMs);
  };
  const refresh = () => {
    if (isAsked) return;
    isAsked = true;
    if (!isRunning) plan(Math.max(0, endedAt + REST_MS - performance.now()));
  };

  const watcher = watch(RUN_DIRECTORY, { ignoreInitial: true, followSymlinks: false, depth: 2 });
  watcher.on("all", refresh);
  // If watching fails, the regular look every few seconds remains.
  watcher.on("error", () => undefined);
  void look();
  return {
    refresh,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await watcher.close();
    },
  };
}
