// Draws the pictures of README and docs, each from the terminal of a real login on a real sshd: scripts/picture/notice.svg at the moment
// of the notice, lock.svg when the terminal is locked.
// Run it as root after `npm run build`: `node_modules/.bin/node scripts/picture.ts`. It takes some two minutes.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Lab, type Ssh, startLab } from "../test/lab/lab.ts";
import { picture } from "./lib/svg.ts";

const WARNS = `idle_timeout = "2m"
warn_before  = ["60s"]
message      = "Idle sessions on this bastion are closed. Questions: ops"
`;

const LOCKS = `idle_timeout = "30s"
warn_before  = ["10s"]
at_limit     = "lock"
lock_max     = "1h"
message      = "Questions: ops"
`;

const BOUND_MS = 180_000;

/** A login in the middle of a command. */
async function logIn(lab: Lab): Promise<Ssh> {
  const ssh = lab.ssh("maria", [], undefined, { cols: 76, rows: 10 });
  await ssh.waitFor(/maria@bastion/);
  ssh.write("head -3 /etc/os-release\r");
  await ssh.waitFor(/VERSION_ID[^$]*\$ $/m);
  ssh.write("less /var/log/dpkg.l");
  return ssh;
}

function draw(ssh: Ssh, name: string): void {
  const path = join(import.meta.dirname, "picture", name);
  writeFileSync(path, picture(ssh.terminal, "ssh maria@bastion"));
}

await using lab = await startLab({ hook: "pam", policy: WARNS });
await lab.must("hostname bastion");
await lab.addUser("maria");
await lab.must("echo maria:secret | chpasswd");
await lab.must("touch .hushlogin", { user: "maria" });
const warned = await logIn(lab);
await warned.waitFor(/press a key/, BOUND_MS);
draw(warned, "notice.svg");
await lab.writePolicy(LOCKS);
const locked = await logIn(lab);
await locked.waitFor(/Press Enter to unlock/, BOUND_MS);
draw(locked, "lock.svg");
