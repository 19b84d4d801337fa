// What stands in a build under the name of a program (cli.js, check.js): runs its bundle.
import { runBundle } from "./bundle.ts";

/** The name of the bundle's file, which the build knows. It changes with what is in it, so that an upgrade never mixes old code with new. */
declare const BUNDLE: string;

runBundle(`${import.meta.dirname}/${BUNDLE}`);
