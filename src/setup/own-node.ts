// The Node that belongs to a build, and whether this host can start it. ../start.ts also loads this file on a Node that is too old for
// the rest: use nothing newer than Node 18.
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { SetupError } from "../change/setup-error.ts";
import { type Ran, run, said } from "../system/command.ts";

/** The path of Node: beside an installed build, or in the checkout of the build. Throws a `SetupError` if it is missing or cannot start. */
export function ownNode(dist: string): string {
  const places = [join(dist, "../node"), join(dist, `../node_modules/node-linux-${process.arch}/bin/node`)];
  const found = places.find((path) => lstatSync(path, { throwIfNoEntry: false })?.isFile());
  if (found === undefined)
    throw new SetupError(
      `there is no Node for this machine at ${places[1]}`,
      "run `npm ci` in the checkout first",
    );
  const ran = run(found, ["--version"]);
  if (ran.status !== 0) throw doesNotStart(found, ran);
  return found;
}

/** What is wrong with a Node that was to print its version, and did not; a library is the most likely. */
export function doesNotStart(node: string, ran: Ran): SetupError {
  // The message of the dynamic loader with LC_ALL=C.
  const library = /error while loading shared libraries: ([\w.+-]+): cannot open/.exec(ran.stderr)?.[1];
  if (library === undefined)
    return new SetupError(`${node} does not start: ${said(ran)}`, "correct that and run this again");
  return new SetupError(`${node} needs ${library}, which this host does not have`, remedyFor(library));
}

/** Node 25 and later need it. A minimal Debian does not have it. */
export const LIBATOMIC = "libatomic.so.1";

/** How to install a library that Node needs. */
export function remedyFor(library: string): string {
  return library === LIBATOMIC
    ? "install it: apt-get install libatomic1 (Debian, Ubuntu), dnf install libatomic (Fedora)"
    : "install the package that has it";
}
