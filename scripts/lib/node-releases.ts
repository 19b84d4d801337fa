// Whether a pinned Node is behind the releases of its line. Pure: it reads and asks nothing.
import * as v from "valibot";
import { compareReleases, majorOf, releaseOf } from "../../src/text/version.ts";

/** How soon afkill follows a release of Node, in days (docs/node.md). */
export const FOLLOW_DAYS = { security: 7, other: 30 } as const;

/** A release of Node, as nodejs.org lists it. */
export interface Release {
  readonly version: string;
  /** The day of the release: `2026-10-21`. */
  readonly date: string;
  readonly security: boolean;
}

export type State = "current" | "behind" | "behind-security";

export interface Verdict {
  readonly state: State;
  readonly pinned: Release;
  /** The newest release of the line. */
  readonly newest: Release;
  /** The releases of the line after the pinned one, the oldest first. */
  readonly since: readonly Release[];
  /** The day by which afkill has promised to follow; absent if it is not behind. */
  readonly due?: string;
  /** The day of the newest release of any line: a mirror that is not kept up to date shows by it. */
  readonly indexUntil: string;
}

const release = v.object({
  version: v.pipe(v.string(), v.transform(releaseOf), v.string("expected a version such as v26.10.0")),
  date: v.pipe(v.string(), v.isoDate()),
  security: v.boolean(),
});
const index = v.pipe(v.array(release), v.minLength(1));

/** Reads the text of an index.json such as that of https://nodejs.org/dist. Throws an Error that says what is wrong with it. */
export function readIndex(text: string): readonly Release[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("it is no JSON");
  }
  const parsed = v.safeParse(index, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new Error(`it is no index of Node's releases: ${v.getDotPath(issue) ?? "its top"}: ${issue.message}`);
}

/** Compares the pinned Node with the releases of its line. Throws an Error if the index does not know the pinned Node. */
export function judgePin(releases: readonly Release[], version: string): Verdict {
  const pinned = releases.find((it) => it.version === version);
  if (pinned === undefined)
    throw new Error(
      `it does not know the pinned Node ${version}: it is older than that, or of something else`,
    );
  const since = releases
    .filter((it) => majorOf(it.version) === majorOf(version) && compareReleases(it.version, version) > 0)
    .toSorted((a, b) => compareReleases(a.version, b.version));
  const dates = releases.map(({ date }) => date).toSorted();
  const facts = { pinned, newest: since.at(-1) ?? pinned, since, indexUntil: dates.at(-1) ?? pinned.date };
  if (since.length === 0) return { state: "current", ...facts };
  const state = since.some(({ security }) => security) ? "behind-security" : "behind";
  return { state, ...facts, due: dueDay(since) };
}

/** The earliest of the days by which these releases must be followed. A later release does not put off an earlier one. */
function dueDay(since: readonly Release[]): string {
  const days = since.map(({ date, security }) =>
    Temporal.PlainDate.from(date)
      .add({ days: security ? FOLLOW_DAYS.security : FOLLOW_DAYS.other })
      .toString(),
  );
  return days.toSorted()[0] ?? "";
}

/** The newest release after `version`, in its line, that every one of these lists has; `undefined` if there is none. */
export function newestInAll(version: string, lists: readonly (readonly string[])[]): string | undefined {
  const [first = [], ...others] = lists;
  return first
    .filter((it) => releaseOf(it) === it && majorOf(it) === majorOf(version))
    .filter((it) => compareReleases(it, version) > 0 && others.every((list) => list.includes(it)))
    .toSorted(compareReleases)
    .at(-1);
}
