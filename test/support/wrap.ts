// Labs in which every login is wrapped, and the same account can be had without: for saying that both come out the same.
import { type Lab, type Ssh, startLab } from "../lab/lab.ts";

/** ssh's option for a login of the same host and user that nothing is forced on. */
export const PLAIN = ["-p", "2222"] as const;

/** Starts a lab in which logins are wrapped, except those that come by the port of `PLAIN`. */
export async function startWrapLab(policy: string, sshd = ""): Promise<Lab> {
  const lab = await startLab({
    hook: "force-command",
    flags: "--wrap",
    policy,
    // It is sshd that prints the last login, and only where nothing is forced.
    sshd: `Port 22\nPort 2222\nPrintLastLog no\n${sshd}\n`,
  });
  try {
    await lab.must(`
      printf 'Match LocalPort 2222\\n  ForceCommand none\\n' >>/etc/ssh/sshd_config
      sed -i '/lastlog/d; /pam_motd/d' /etc/pam.d/sshd`);
    await lab.reloadSshd();
    return lab;
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

/** Makes a user whose prompt says nothing of the login. */
export async function addPlainUser(lab: Lab, user: string): Promise<void> {
  await lab.addUser(user);
  await lab.write(`/home/${user}/.bash_profile`, "PS1='$ '\nbind 'set enable-bracketed-paste off'\n");
}

/** Does the same in a wrapped login and in a plain one, side by side; returns what came of it, the wrapped first. */
export function inBoth<T>(
  lab: Lab,
  user: string,
  script: (ssh: Ssh, way: "wrapped" | "plain") => Promise<T>,
  options: readonly string[] = [],
): Promise<[T, T]> {
  const login = async (way: "wrapped" | "plain") => {
    const ssh = lab.ssh(user, way === "plain" ? [...PLAIN, ...options] : options);
    await ssh.waitFor(/^\$ $|^\$$/m);
    try {
      return await script(ssh, way);
    } finally {
      ssh.kill();
    }
  };
  return Promise.all([login("wrapped"), login("plain")]);
}
