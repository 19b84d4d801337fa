// vitest's global setup of the end-to-end tests: they install what `npm run build` makes of the sources as they are now.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { checkout } from "./boot.ts";

export default function setup(): void {
  execFileSync(join(checkout, "node_modules/.bin/node"), [join(checkout, "scripts/build/build.ts")], {
    stdio: "inherit",
  });
}
