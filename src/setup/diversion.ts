// A Node of an administrator's where the programs belong to a Debian package. A diversion of dpkg's lets both live: whatever version of
// the package comes, dpkg puts its Node beside the other one, and the administrator's stays in use (dpkg-divert(1)).
import { type Change, file, look } from "../change/change.ts";
import { SetupError } from "../change/setup-error.ts";
import { carryOut } from "../change/step.ts";
import { run, said } from "../system/command.ts";
import { NODE, PACKAGED_NODE } from "../system/paths.ts";
import { manager } from "./package-manager.ts";

const DPKG_DIVERT = "/usr/bin/dpkg-divert";
/** `--no-rename`: dpkg would move Node away, and a check that starts just then would find none. */
const HERE = ["--quiet", "--local", "--no-rename", "--divert", PACKAGED_NODE];

/** Throws a `SetupError` where the package manager knows no diversions. */
export function mustKnowDiversions(): void {
  if (manager().name === "dpkg") return;
  throw new SetupError(
    "this afkill belongs to an RPM, with its Node; rpm has no way to keep another one when the package is upgraded",
    "install a newer package; or remove this one, and install from the tarball",
  );
}

/** Whether dpkg keeps the package's Node beside that of an administrator. */
export function isDiverted(): boolean {
  if (look(PACKAGED_NODE) === undefined) return false;
  return run(DPKG_DIVERT, ["--truename", NODE]).stdout.trim() === PACKAGED_NODE;
}

/** From now on dpkg takes its Node for the one at `PACKAGED_NODE`. The Node in use stays what it is. Throws a `SetupError`. */
export function divert(): void {
  // What is there without a diversion is of a run that was killed.
  const { undo, tidy } = carryOut(file(PACKAGED_NODE, 0o755, { copyOf: NODE }));
  try {
    divertOrThrow(["--add", NODE]);
  } catch (error) {
    undo();
    throw error;
  }
  tidy();
}

/** The package's Node in use again. */
export function packagedNode(): Change {
  return file(NODE, 0o755, { copyOf: PACKAGED_NODE });
}

/** Ends the diversion. The Node in use must be the package's again. Throws a `SetupError`. */
export function undivert(): void {
  divertOrThrow(["--remove", NODE]);
  carryOut({ path: PACKAGED_NODE, wanted: { kind: "absent" } }).tidy();
}

function divertOrThrow(words: readonly string[]): void {
  const ran = run(DPKG_DIVERT, [...HERE, ...words]);
  if (ran.status === 0) return;
  throw new SetupError(`dpkg-divert ${words.join(" ")}: ${said(ran)}`, "correct that and run this again");
}
