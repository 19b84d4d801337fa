// Which Node runs the programs: that of the build, or one that an administrator has put in.
import { type Change, look } from "../change/change.ts";
import { NODE } from "../system/paths.ts";
import { compareReleases } from "../text/version.ts";
import { type Manifest, type OtherNode, wasEdited } from "./manifest.ts";
import { releasedByChangelog } from "./node-copy.ts";
import { whyUnfit } from "./try-node.ts";

/** A Node that runs the installed build. `copy`: where it is until it is in place. */
export interface Tried {
  readonly path: string;
  readonly copy: string;
  readonly version: string;
  readonly before: Manifest;
}

/** A Node that was tried and is not in place yet. `changes`: empty if it is in place already. */
export interface NodePlan {
  readonly version: string;
  readonly changes: readonly Change[];
  /** What becomes of the Node of dpkg's package: it is kept beside the other one, or is in use again. */
  readonly diversion?: "begins" | "ends";
}

/** What a manifest says of the Node at `path`, which is put in today. */
export function recordOf(path: string, version: string): OtherNode {
  const placed = new Date().toISOString().slice(0, "2026-10-21".length);
  return { version, released: releasedByChangelog(path, version), placed };
}

/** Why a Node that an administrator has put in does not stay with the build in `dist`, whose Node is `own`; `undefined` if it stays. */
export function whyReplaced(
  node: OtherNode,
  own: string,
  dist: string,
  before: Manifest,
): string | undefined {
  if (compareReleases(node.version, own) <= 0) return "it is not newer";
  if (!look(NODE)?.isFile() || wasEdited(NODE, before)) return `${NODE} is not as it was put in`;
  return whyUnfit(NODE, dist);
}
