// When `afkill top` looks again: as the watchdogs' state changes, and every few seconds for what no file tells.
import { watch } from "chokidar";
import { type Surveyed, survey } from "../../survey/survey.ts";
import { RUN_DIRECTORY } from "../../system/paths.ts";

export interface Watching {
  /** Looks again as soon as it may. */
  readonly refresh: () => void;
  readonly stop: () => Promise<void>;
}

const LOOK_EVERY_MS = 2_000;
/** However much changes, a survey comes no sooner than this after the one before. */
const REST_MS = 1_000;

/** Surveys at once and then again and again, never two at a time. `onFault` gets the error of a survey that failed; the next is made all the same. */
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
  // Without it the pace of a look every few seconds is left.
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
