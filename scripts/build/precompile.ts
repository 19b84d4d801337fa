// Stores the V8 code of a bundle beside it.
//   node scripts/build/precompile.ts BUNDLE
import { setFlagsFromString } from "node:v8";
import { compileBundle, keepCode } from "./bundle.ts";

const [, , bundle = ""] = process.argv;
// Compiles every function, even if it was not called. V8 rejects code made with other flags, so they are set back.
setFlagsFromString("--no-lazy");
const script = compileBundle(bundle);
setFlagsFromString("--lazy");
keepCode(bundle, script.createCachedData());
