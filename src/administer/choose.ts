// Which logins an administrator means. The names are only compared with the logins of this host: nothing else can be chosen.
import { innermost, type Terminal, terminalName } from "../login/terminal.ts";
import type { Surveyed } from "../survey/survey.ts";

/** The fields of a login that choosing needs. */
export type Choosable = Pick<Surveyed, "isOwn"> & {
  readonly login: Pick<Surveyed["login"], "privileged" | "server" | "user">;
  readonly observation: { readonly terminals: readonly Terminal[] };
};

/**
 * The logins that the names mean, each once, in the order of `logins`. A name is `pts/3`, the pid of one of a login's sshds, or a user.
 * A name of digits is always a pid. Throws if a name means no login, so that a typing mistake ends nothing. `nameOfProcess`: what a pid
 * is called.
 */
export function choose<T extends Choosable>(
  names: readonly string[],
  logins: readonly T[],
  nameOfProcess: (pid: number) => string | undefined,
): T[] {
  const chosen = new Set<T>();
  for (const name of names) {
    const meant = logins.filter((it) => isMeant(name, it));
    if (meant.length === 0) throw new Error(complaintOf(name, nameOfProcess));
    for (const it of meant) chosen.add(it);
  }
  return logins.filter((it) => chosen.has(it));
}

/** The ids of the terminals of a login that the names mean; `null` if one of them means the whole login. */
export function terminalsMeant(names: readonly string[], it: Choosable): readonly string[] | null {
  const meant = names.filter((name) => isMeant(name, it));
  if (!meant.every(isTerminal)) return null;
  const wanted = new Set(meant.map(withoutDev));
  const { terminals } = it.observation;
  return terminals
    .filter((terminal) => withInner(terminal).some((inner) => wanted.has(terminalName(inner))))
    .map(({ id }) => id);
}

function isMeant(name: string, { login, observation }: Choosable): boolean {
  if (/^\d+$/.test(name)) return login.server.pid === Number(name) || login.privileged?.pid === Number(name);
  if (isTerminal(name)) {
    return observation.terminals.flatMap(withInner).some((it) => terminalName(it) === withoutDev(name));
  }
  return login.user === name;
}

function withoutDev(name: string): string {
  return name.replace(/^\/dev\//, "");
}

function isTerminal(name: string): boolean {
  return /^(\/dev\/)?pts\/\d+$/.test(name);
}

/** A terminal and the ones opened inside it: `tty` shows its user the inner name. Another mount namespace has its own names. */
function withInner(terminal: Terminal): Terminal[] {
  const inner = innermost(terminal);
  return inner !== terminal && inner.reachable ? [terminal, inner] : [terminal];
}

function complaintOf(name: string, nameOfProcess: (pid: number) => string | undefined): string {
  if (/^\d+$/.test(name)) {
    const called = nameOfProcess(Number(name));
    return called === undefined
      ? `there is no process ${name}; see afkill list`
      : `process ${name} (${called}) is not the sshd of a login; see afkill list`;
  }
  if (isTerminal(name)) return `no login has the terminal ${name}; see afkill list`;
  return `no login of a user ${JSON.stringify(name)}; see afkill list`;
}

/** Who asks, for the audit: the user in SUDO_USER if it can be a user's name; else the user that runs this. */
export function administratorOf(sudoUser: string | undefined, runningUser: string): string {
  return sudoUser !== undefined && /^[A-Za-z_][A-Za-z0-9_.@-]{0,63}$/.test(sudoUser) ? sudoUser : runningUser;
}
