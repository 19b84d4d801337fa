// An administrator's Node beside that of a Debian package.
import { type Change, file, isDue } from "../change/change.ts";
import { carryOutAll } from "../change/transaction.ts";
import { DIST, NODE, PACKAGED_NODE } from "../system/paths.ts";
import { readBuild } from "./build-record.ts";
import { isDiverted, packagedNode, undivert } from "./diversion.ts";
import { type Manifest, manifestChange, NOTHING_INSTALLED, nextManifest, readManifest } from "./manifest.ts";
import { type NodePlan, recordOf, type Tried, whyReplaced } from "./node-choice.ts";
import { isPackaged, ownPart } from "./packaged.ts";

/**
 * Plans to put a tried Node in the place of the package's. The V8 code stays that of the package, whose upgrades bring other files by
 * other names: this Node compiles its bundle at each start.
 */
export function planBesidePackage({ path, copy, version, before }: Tried): NodePlan {
  const diverted = isDiverted();
  // The package's own.
  if (version === readBuild(DIST).node.version)
    return diverted
      ? { version, changes: planPackagedBack(before), diversion: "ends" }
      : { version, changes: [] };
  const change = file(NODE, 0o755, { copyOf: copy });
  if (diverted && before.node !== undefined && !isDue(change)) return { version, changes: [] };
  const note = `dpkg keeps its own as ${PACKAGED_NODE}`;
  const record = nextManifest(before, { due: [{ role: "program", change }] });
  const changes = [{ ...change, note }, manifestChange({ ...record, node: recordOf(path, version) })];
  return diverted ? { version, changes } : { version, changes, diversion: "begins" };
}

/** Puts the package's Node back into use. The diversion ends afterwards. */
function planPackagedBack(before: Manifest): Change[] {
  const files = before.files.filter((entry) => entry.path !== NODE);
  return [packagedNode(), manifestChange({ ...before, files, node: undefined })];
}

/**
 * After an upgrade of a Debian package: if an administrator's Node is no longer the newer one, or does not run what came, the package's is
 * put back into use. Returns a line that says so, or nothing.
 */
export function settleNode(): string[] {
  if (!isPackaged() || !isDiverted()) return [];
  const before = ownPart(readManifest() ?? NOTHING_INSTALLED);
  const { node } = before;
  const own = readBuild(DIST).node.version;
  const why = node === undefined ? "nothing tells its version" : whyReplaced(node, own, DIST, before);
  if (why === undefined) return [];
  carryOutAll(
    planPackagedBack(before),
    () => undefined,
    () => undefined,
  );
  undivert();
  const which = node === undefined ? "the Node" : `Node ${node.version}`;
  return [`${which}, which an administrator put in, is replaced by ${own} of the package: ${why}`];
}
