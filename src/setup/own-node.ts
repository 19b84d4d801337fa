// The Node that belongs to a build, and whether this host can start it. It is also read by a Node that is too old for all else
// (../start.ts): nothing newer than Node 18 knows.
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { SetupError } from "../change/setup-error.ts";
import { run, said } from "../system/command.ts";

/** Beside an installed build, or in the checkout that the build belongs to. Throws a `SetupError` where it is missing or does not start. */
export function ownNode(dist: string): string {
  const places = [join(dist, "../node"), join(dist, `../node_modules/node-linux-${process.arch}/bin/node`)];
  const found = places.find((path) => lstatSync(path, { throwIfNoEntry: false })?.isFile());
  if (found === undefined)
    throw new SetupError(
      `there is no Node for this machine at ${places[1]}`,
      "run `npm ci` in the checkout first",
    );
  mustStart(found);
  return found;
}

function mustStart(node: string): void {
  const ran = run(node, ["--version"]);
  if (ran.status === 0) return;
  // The dynamic loader's words, where LC_ALL is C.
  const library = /error while loading shared libraries: ([\w.+-]+): cannot open/.exec(ran.stderr)?.[1];
  if (library === undefined)
    throw new SetupError(`${node} does not start: ${said(ran)}`, "mend that and run this again");
  throw new SetupError(`${node} needs ${library}, which this host does not have`, remedyFor(library));
}

/** Node from 25 on needs it, and a minimal Debian has it not. */
export const LIBATOMIC = "libatomic.so.1";

/** How a host comes to have a library that Node needs. */
export function remedyFor(library: string): string {
  return library === LIBATOMIC
    ? "install it: apt-get install libatomic1 (Debian, Ubuntu), dnf install libatomic (Fedora)"
    : "install the package that has it";
}
