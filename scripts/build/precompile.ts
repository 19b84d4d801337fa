// Keeps, beside a bundle, the code that V8 makes of it.
//   node scripts/build/precompile.ts BUNDLE
import { setFlagsFromString } from "node:v8";
import { compileBundle, keepCode } from "./bundle.ts";

const [, , bundle = ""] = process.argv;
// Of every function, whether or not it has been called. V8 takes no code that was made under other flags, so they are put back.
setFlagsFromString("--no-lazy");
const script = compileBundle(bundle);
setFlagsFromString("--lazy");
keepCode(bundle, script.createCachedData());
