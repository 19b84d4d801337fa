// The shell under a wrap finds what it finds in a plain login: limits, signals, environment, terminal, directory.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inside } from "../lab/inside.ts";
import { type Lab, startLab } from "../lab/lab.ts";
import { openTerminal } from "../lab/ssh.ts";
import { atPrompt, PROMPT } from "../support/logins.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({
    hook: "force-command",
    flags: "--wrap --match 'User *-wrapped'",
    sshd: "AuthorizedKeysFile /etc/ssh/keys/%u",
  });
  await lab.must(
    "printf '* soft nofile 1000\\n* hard core 0\\n* soft stack 4096\\n' >/etc/security/limits.d/all.conf",
  );
});
afterAll(() => lab?.stop());

/** What differs from login to login, or is meant to. */
const OWN = /^(SSH_TTY|SSH_CLIENT|SSH_CONNECTION|XDG_\w+|DBUS_\w+)=.*\n/gm;

interface Case {
  readonly name: string;
  readonly user: string;
  readonly options?: readonly string[];
  readonly shell?: string;
  /** What the client is started by. */
  readonly by?: readonly string[];
  readonly prepare?: (user: string) => Promise<unknown>;
}

const cases: readonly Case[] = [
  { name: "bash", user: "b" },
  { name: "dash", user: "d", shell: "/bin/dash" },
  { name: "an odd TERM", user: "o", options: ["-o", "SetEnv=TERM=no-such-thing"] },
  { name: "no TERM", user: "n", by: ["env", "-u", "TERM"] },
  {
    name: "no home",
    user: "h",
    prepare: (user) => lab.must(`rm -rf /home/${user}/.??* && chmod 0 /home/${user}`),
  },
];

async function addUser(user: string, shell?: string): Promise<void> {
  await lab.addUser(user, shell === undefined ? {} : { shell });
  await lab.must(`install -D -m 644 /root/.ssh/id_ed25519.pub /etc/ssh/keys/${user}`);
}

/** All that a login's shell says of itself, under names that are the same for every user. */
async function stateOf({ options = [], by = [], shell, prepare }: Case, user: string): Promise<string> {
  await addUser(user, shell);
  await prepare?.(user);
  const argv = ["nsenter", ...inside(lab.pid), ...by, "ssh", ...options, `${user}@lab`];
  const ssh = openTerminal(argv, { cols: 80, rows: 24 }, lab.report);
  await ssh.waitFor(PROMPT);
  ssh.write(
    `{ ulimit -a; ulimit -Ha; grep "^Sig[^Q]" /proc/self/status; echo "$- $0 $#"; pwd; umask; stty -a; env; } >/tmp/${user}; echo d""one\r`,
  );
  await ssh.waitFor(/^done/m);
  ssh.write("exit\r");
  await ssh.exit;
  return (await lab.read(`/tmp/${user}`)).replaceAll(user, "USER").replace(OWN, "");
}

/** Leads the first bash of a login into a directory that is closed or gone by then; the one that sshd starts has read it by the end. */
const ODD_DIRECTORIES: Readonly<Record<string, string>> = {
  gone: "rmdir /tmp/$USER",
  closed: "chmod 0 /tmp/$USER",
};

describe.concurrent("a shell under a wrap", () => {
  test.each(cases)("is as a plain one: $name", async (it) => {
    const [wrapped, plain] = await Promise.all([
      stateOf(it, `${it.user}-wrapped`),
      stateOf(it, `${it.user}-plain`),
    ]);
    expect(plain).toMatch(/^SigIgn/m);
    expect(plain).toContain("LOGNAME=USER");
    expect(/^TERM=/m.test(plain)).toBe(!it.by);
    expect(sorted(wrapped)).toEqual(sorted(plain));
  });

  test.each(Object.entries(ODD_DIRECTORIES))(
    "begins where the login began, though that is %s",
    async (name, how) => {
      const begun = async (user: string) => {
        await addUser(user);
        await lab.must(
          `printf '%s\\n' '[ -e ~/led ] || { touch ~/led; mkdir /tmp/$USER; cd /tmp/$USER; ${how}; }' >.bashrc
        echo '. ~/.bashrc' >.bash_profile`,
          { user },
        );
        const ssh = await atPrompt(lab, user);
        ssh.write(
          "clear; readlink /proc/$$/cwd; ps -o comm= -p $PPID | cut -c1-4; [ $SSH_TTY = $(tty) ] && exit 7\r",
        );
        const { status } = await ssh.exit;
        return { status, said: ssh.screen().replaceAll(user, "USER") };
      };
      const [wrapped, plain] = await Promise.all([begun(`${name}-wrapped`), begun(`${name}-plain`)]);
      expect(wrapped.status).toBe(7);
      expect(wrapped.said).toMatch(/^\/tmp\/USER( \(deleted\))?\nnode/m);
      expect(plain).toEqual({ status: 7, said: wrapped.said.replace("node", "sshd") });
    },
  );
});

/** The environment has no order. */
function sorted(text: string): string[] {
  return text.split("\n").sort();
}
