// Stores the V8 code of a bundle beside it.
//   node --hash-seed=1 scripts/build/precompile.ts BUNDLE
import { setFlagsFromString } from "node:v8";
import { compileBundle, keepCode } from "./bundle.ts";

const [, , bundle = ""] = process.argv;
// The code depends on the seed of the hashes and on the name of the bundle. The build sets the seed, and starts this beside the bundle: then
// the same bundle always gives the same code. Compiles every function, even if it was not called. V8 rejects code made with other flags, so
// they are set back.
setFlagsFromString("--hash-seed=0");
setFlagsFromString("--no-lazy");
const script = compileBundle(bundle);
setFlagsFromString("--lazy");
keepCode(bundle, script.createCachedData());
