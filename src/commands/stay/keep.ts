// `afkill stay --login`: an administrator keeps logins of others.
import { mustBeRoot, printable, say } from "../../console/output.ts";

/** Keeps the named logins for `ms`. Throws if a name means no login; then nothing was done. */
export async function keepNamed(names: readonly string[], ms: number, configPath: string): Promise<void> {
  mustBeRoot("stay --login", "it keeps logins of other users");
  const [{ survey }, { namedLogins }, { administratorOf }, { keepOne }, { sshdOf }, { userInfo }] =
    await Promise.all([
      import("../../survey/survey.ts"),
      import("../../administer/named.ts"),
      import("../../administer/choose.ts"),
      import("../../administer/keep.ts"),
      import("../../login/login.ts"),
      import("node:os"),
    ]);
  const administrator = administratorOf(process.env.SUDO_USER, userInfo().username);
  for (const it of namedLogins(names, await survey({ configPath }))) {
    const until = await keepOne(it, ms, administrator);
    const sshdPid = sshdOf(it.login).pid;
    say(`login of ${printable(it.login.user)} (sshd ${sshdPid}): stays until ${until}`);
  }
}
