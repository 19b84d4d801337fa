// How old afkill and its Node are. Nobody else on this host looks for security fixes of that Node.
import { readBuild } from "../../setup/build-record.ts";
import { manager } from "../../setup/package-manager.ts";
import { isPackaged } from "../../setup/packaged.ts";
import { DIST, PACKAGED_NODE } from "../../system/paths.ts";
import { compareReleases } from "../../text/version.ts";
import { type Check, type Problem, problemOf, warning } from "./finding.ts";
import type { Installation } from "./installation.ts";

/** After so many days Node has had a release with security fixes more likely than not: it has one every few months. */
const OLD_DAYS = 120;

const AGAIN = "run afkill install again";

/** The age of a program. `since`: the day that it counts from; absent if nothing tells it. */
export interface Age {
  readonly version: string;
  readonly since?: string | undefined;
  readonly days?: number;
}

export interface Ages {
  readonly afkill: Age;
  /** `placed`: the day on which an administrator put it in; absent if it came with afkill. */
  readonly node: Age & { readonly placed?: string };
}

/** The ages of what is installed. Throws a `SetupError` if the installed build does not tell them. */
export function agesOf({ manifest }: Pick<Installation, "manifest">, now: number = Date.now()): Ages {
  const { version, built, node } = readBuild(DIST);
  const other = manifest?.node;
  return {
    afkill: aged(version, built, now),
    node:
      other === undefined
        ? aged(node.version, node.released, now)
        : // It was released before it was put in: without the day of the release, that is the least that is known.
          { ...aged(other.version, other.released ?? other.placed, now), placed: other.placed },
  };
}

function aged(version: string, since: string | undefined, now: number): Age {
  if (since === undefined) return { version };
  // A clock that is wrong makes nothing younger than new.
  return { version, since, days: Math.max(0, Math.floor((now - Date.parse(since)) / 86_400_000)) };
}

export const age: Check = {
  id: "age",
  fine: (installation) => spoken(agesOf(installation)),
  find: (installation) => {
    try {
      return [...problemsOf(agesOf(installation)), ...hiddenNode(installation)];
    } catch (thrown) {
      const { what, remedy } = problemOf(thrown, AGAIN);
      return [warning(what, remedy)];
    }
  },
};

/** What is wrong with these ages. */
export function problemsOf(ages: Ages): Problem[] {
  if ((ages.node.days ?? 0) <= OLD_DAYS) return [];
  return [
    warning(
      `${spoken(ages)}: fixes of Node's security may be missing`,
      isPackaged() && manager().name === "rpm"
        ? "upgrade afkill"
        : "upgrade afkill, or put in a newer Node: sudo afkill install --node FILE",
    ),
  ];
}

/** An upgrade of the package settles this; it may have failed. */
function hiddenNode({ manifest }: Installation): Problem[] {
  const other = manifest?.node;
  if (other === undefined || !isPackaged()) return [];
  const own = readBuild(DIST).node.version;
  if (compareReleases(own, other.version) < 0) return [];
  return [
    warning(
      `the Node ${other.version} that was put in is not newer than the ${own} of the package`,
      `use that of the package: sudo afkill install --node ${PACKAGED_NODE}`,
    ),
  ];
}

/** The ages as a line for people. */
export function spoken({ afkill, node }: Ages): string {
  return `afkill ${told(afkill)}; its Node ${node.placed === undefined ? told(node) : toldOther(node)}`;
}

function told({ version, since, days = 0 }: Age): string {
  return since === undefined ? `${version} of an unknown day` : `${version} of ${since}, ${many(days)} old`;
}

function toldOther({ version, since, days = 0, placed }: Ages["node"]): string {
  return since === placed
    ? `${version}, put in on ${placed}, ${many(days)} ago`
    : `${told({ version, since, days })}, put in on ${placed}`;
}

function many(days: number): string {
  return days === 1 ? "1 day" : `${days} days`;
}
