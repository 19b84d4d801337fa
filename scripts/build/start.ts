// What stands in a build under the name of a program (cli.js, check.js): runs its bundle.
import { runBundle } from "./bundle.ts";

/** The name of the bundle's file, which the build knows. It changes with what is in it, so that an upgrade never mixes old code with new. */
declare const BUNDLE: string;
/** The major version of the Node that the build is for. */
declare const NODE_MAJOR: number;

// An administrator may start it on the host's own Node.
if (Number.parseInt(process.versions.node, 10) < NODE_MAJOR)
  void import("./start-elsewhere.ts").then(({ runOnOwnNode }) => runOnOwnNode());
else runBundle(`${import.meta.dirname}/${BUNDLE}`);
