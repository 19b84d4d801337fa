// A Node that an administrator puts in the place of the build's: puts it in, and keeps it when afkill is installed again.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Change, directory, file, isDue, look } from "../change/change.ts";
import { SetupError } from "../change/setup-error.ts";
import { carryOutAll } from "../change/transaction.ts";
import { run, said } from "../system/command.ts";
import { DIST, NODE, PROGRAM_DIRECTORY } from "../system/paths.ts";
import { compareReleases, releaseOf } from "../text/version.ts";
import { readBuild } from "./build-record.ts";
import { divert, mustKnowDiversions, undivert } from "./diversion.ts";
import {
  entryOf,
  type Manifest,
  manifestChange,
  NOTHING_INSTALLED,
  nextManifest,
  type OtherNode,
  readManifest,
  wasEdited,
} from "./manifest.ts";
import { type NodePlan, recordOf, type Tried, whyReplaced } from "./node-choice.ts";
import { withCopy } from "./node-copy.ts";
import { doesNotStart } from "./own-node.ts";
import { isPackaged, ownPart } from "./packaged.ts";
import { planBesidePackage } from "./packaged-node.ts";
import { planLeftBeside } from "./restore.ts";
import { NOBODY, whyUnfit } from "./try-node.ts";
import { codeFiles, codeFor } from "./v8-code.ts";

/**
 * Tries the Node at `path`, and calls `use` with the plan to put it in place. The plan is good until `use` returns. Throws a `SetupError` if
 * it must not be put in place.
 */
export function withNodePlan(path: string, use: (plan: NodePlan) => void): void {
  const packaged = isPackaged();
  if (packaged) mustKnowDiversions();
  const before = ownPart(readManifest() ?? NOTHING_INSTALLED);
  if (!packaged && entryOf(NODE, before) === undefined)
    throw new SetupError("afkill is not installed here", "first: sudo afkill install --hook pam");
  // Throws if others can write there: they could replace the copy.
  isDue(directory(PROGRAM_DIRECTORY));
  const left = planLeftBeside(NODE);
  // Beside its place: no other directory of root's is sure to have room for it and to let programs run.
  const copy = join(PROGRAM_DIRECTORY, `.node.afkill-${randomBytes(6).toString("hex")}`);
  withCopy(path, copy, () => {
    const version = triedVersion(path, copy);
    const tried = { path, copy, version, before };
    const plan = packaged ? planBesidePackage(tried) : { version, changes: planNode(tried) };
    use(plan.changes.length === 0 ? plan : { ...plan, changes: [...left, ...plan.changes] });
  });
}

/** Carries out a plan. On failure it undoes everything and throws a `SetupError`. `report` gets a line for each change. */
export function placeNode({ changes, diversion }: NodePlan, report: (line: string) => void): void {
  const verify = () => {
    const why = whyUnfit(NODE, DIST);
    if (why !== undefined) throw new Error(why);
  };
  if (diversion === "begins") divert();
  try {
    carryOutAll(changes, verify, report);
  } catch (error) {
    if (diversion === "begins") undivert();
    throw error;
  }
  if (diversion === "ends") undivert();
}

/** The version of a copy that runs the installed build. Throws a `SetupError` if it does not, or is older than the build's own Node. */
function triedVersion(path: string, copy: string): string {
  const build = readBuild(DIST);
  const ran = run(copy, ["--version"], NOBODY);
  if (ran.status !== 0) throw doesNotStart(path, ran);
  const version = releaseOf(ran.stdout);
  if (version === undefined)
    throw new SetupError(
      `${path} is not a release of Node: its --version prints ${said(ran).slice(0, 100)}`,
      `name a Node ${build.node.version} or newer`,
    );
  if (compareReleases(version, build.node.version) < 0)
    throw new SetupError(
      `${path} is Node ${version}, and this afkill needs ${build.node.version}, which it was built for, or newer`,
      "name a newer one",
    );
  const why = whyUnfit(copy, DIST, NOBODY);
  if (why !== undefined) throw new SetupError(`${path} cannot be used: ${why}`, "name another Node");
  return version;
}

function planNode({ path, copy, version, before }: Tried): Change[] {
  const change = file(NODE, 0o755, { copyOf: copy });
  if (!isDue(change)) return [];
  const code = codeFiles(DIST).map((name) => file(join(DIST, name), 0o644, codeFor(copy, DIST, name)));
  const programs = [change, ...code];
  const record = nextManifest(before, { due: programs.map((it) => ({ role: "program", change: it })) });
  // The version of the build's own Node: it is that again.
  const isOwn = version === readBuild(DIST).node.version;
  return [...programs, manifestChange({ ...record, node: isOwn ? undefined : recordOf(path, version) })];
}

/** The programs of an install after this decision. `node`: the other Node, if it stays. */
export interface Decided {
  readonly programs: readonly Change[];
  readonly node: OtherNode | undefined;
  readonly notes: readonly string[];
}

/** Decides between the Node of the build in `dist` and one that an administrator has put in: the newer one counts. */
export function withOtherNode(programs: readonly Change[], dist: string, before: Manifest): Decided {
  const { node } = before;
  if (node === undefined) return { programs, node, notes: [] };
  const own = readBuild(dist).node.version;
  // What is installed again from its own place has that Node already.
  const why = dist === DIST ? undefined : whyReplaced(node, own, dist, before);
  if (why !== undefined)
    return {
      programs,
      node: undefined,
      notes: [
        `Node ${node.version}, which an administrator put in, is replaced by ${own} of this build: ${why}`,
      ],
    };
  const notes = [`Node ${node.version} stays: an administrator put it in, and this build has ${own}`];
  return { programs: dist === DIST ? programs : programs.map((it) => kept(it, dist, before)), node, notes };
}

/** A change of an install that keeps the other Node, with the V8 code that this Node takes. */
function kept(change: Change, dist: string, before: Manifest): Change {
  const { path } = change;
  if (path === NODE) return file(NODE, 0o755, { copyOf: NODE });
  const name = codeFiles(dist).find((it) => path === join(DIST, it));
  if (name === undefined) return change;
  // The name of a bundle changes with its content, so code of that name is of this bundle, and was made by this Node when it was put in.
  const isMade = look(path)?.isFile() && !wasEdited(path, before);
  return file(path, 0o644, isMade ? { copyOf: path } : codeFor(NODE, dist, name));
}
