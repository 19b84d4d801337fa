// Draws scripts/picture/notice.svg, the README's picture: the terminal of a real login, on a real sshd, at the moment of the notice.
// Run it as root after `npm run build`: `node_modules/.bin/node scripts/picture.ts`. It takes somewhat more than a minute.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startLab } from "../test/lab/lab.ts";
import { picture } from "./lib/svg.ts";

const POLICY = `idle_timeout = "2m"
warn_before  = ["60s"]
message      = "Idle sessions on this bastion are closed. Questions: ops"
`;

await using lab = await startLab({ hook: "pam", policy: POLICY });
await lab.must("hostname bastion");
await lab.addUser("maria");
await lab.must("touch .hushlogin", { user: "maria" });
const ssh = lab.ssh("maria", [], undefined, { cols: 76, rows: 10 });
await ssh.waitFor(/maria@bastion/);
ssh.write("head -3 /etc/os-release\r");
await ssh.waitFor(/VERSION_ID[^$]*\$ $/m);
ssh.write("less /var/log/dpkg.l");
await ssh.waitFor(/press a key/, 180_000);
writeFileSync(join(import.meta.dirname, "picture/notice.svg"), picture(ssh.terminal, "ssh maria@bastion"));
