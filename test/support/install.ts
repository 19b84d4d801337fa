// What the tests of install and uninstall share.
import type { Lab, Ran } from "../lab/lab.ts";

/** Runs the checkout's afkill in a lab. */
export function afkill(lab: Lab, words: string, options: { user?: string } = {}): Promise<Ran> {
  return lab.run(`${lab.node} ${lab.checkout}/dist/cli.js ${words}`, options);
}

/**
 * All of /etc as text: kind, mode, owner, link and, for files, time and digest; and whether anything of afkill's lies elsewhere.
 * Times to the second, and not those of directories: whatever is put into one and taken out again changes them.
 */
export function stateOf(lab: Lab): Promise<string> {
  return lab.must(`
    find /etc -printf '%p %y %m %U:%G %l ' '(' -type f -printf '%T@' ')' , -printf '\\n' |
      sed -E 's:[.][0-9]+$::' | sort
    find /etc -type f -exec sha256sum {} + | sort
    find /usr/lib/afkill /usr/sbin /usr/bin /usr/share /var/log/afkill -printf '%p %y %m %U:%G %s\\n' 2>/dev/null | grep afkill | sort || :`);
}

/** Makes a key for a user that may run one command only; `ssh -i restricted -o IdentitiesOnly=yes USER@lab` uses it. */
export async function addRestrictedKey(lab: Lab, user: string): Promise<void> {
  await lab.must(`
    ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/restricted
    echo "restrict,command=\\"echo only this\\" $(cat /root/.ssh/restricted.pub)" >>/home/${user}/.ssh/authorized_keys`);
}

/** What a holder of the restricted key gets who asks for a shell command of their own. */
export async function askForMore(lab: Lab, user: string): Promise<string> {
  const ssh = `ssh -i /root/.ssh/restricted -o IdentitiesOnly=yes ${user}@lab`;
  return (await lab.run(`${ssh} 'echo more than that'`)).stdout;
}
