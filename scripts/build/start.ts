// The file with the name of a program (cli.js, check.js) in a build. It runs the program's bundle.
import { runBundle } from "./bundle.ts";

/** The file name of the bundle, set by the build. It changes with the content, so an upgrade never mixes old code with new. */
declare const BUNDLE: string;
/** The major version of the Node that the build is for. */
declare const NODE_MAJOR: number;

// An administrator may start it on the host's own Node.
if (Number.parseInt(process.versions.node, 10) < NODE_MAJOR)
  void import("./start-elsewhere.ts").then(({ runOnOwnNode }) => runOnOwnNode());
else runBundle(`${import.meta.dirname}/${BUNDLE}`);
