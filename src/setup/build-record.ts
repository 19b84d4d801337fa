// What a build says of itself: how old it and its Node are. The build writes it (scripts/build/build-record.ts).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { SetupError } from "../change/setup-error.ts";
import { reasonOf } from "../text/reason-of.ts";
import { releaseOf } from "../text/version.ts";

/** Its file in a build. */
export const BUILD_RECORD = "build.json";

/** The version of a release. */
export const release = v.pipe(
  v.string(),
  v.check((text) => releaseOf(text) === text, "expected a version such as 26.10.0"),
);
/** A day, such as 2026-10-21. */
export const day = v.pipe(v.string(), v.isoDate());

const schema = v.object({
  /** That of afkill. */
  version: v.string(),
  /** The day of the source that it was made from; absent if nothing told it. */
  built: v.optional(day),
  node: v.object({ version: release, released: day }),
});

export type Build = v.InferOutput<typeof schema>;

/** Reads what the build in `dist` says of itself. Throws a `SetupError` if it says nothing that can be used. */
export function readBuild(dist: string): Build {
  const path = join(dist, BUILD_RECORD);
  try {
    return v.parse(schema, JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    throw new SetupError(`${path} cannot be used: ${reasonOf(error)}`, "build or install afkill again");
  }
}
