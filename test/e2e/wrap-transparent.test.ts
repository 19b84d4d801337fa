// A wrapped login is one like any other: everything that a user or a client can tell comes out as in a plain login.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Lab, Ssh } from "../lab/lab.ts";
import { addPlainUser, inBoth, PLAIN, startWrapLab } from "../support/wrap.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startWrapLab('idle_timeout = "1h"\n', "X11Forwarding yes\nX11UseLocalhost yes");
  await addPlainUser(lab, "user");
  // The client forwards this one.
  await lab.must("ssh-agent -a /tmp/agent >/dev/null; SSH_AUTH_SOCK=/tmp/agent ssh-add -q");
});
afterAll(() => lab?.stop());

/** What commands print on a clear screen. */
async function answer(ssh: Ssh, commands: string): Promise<string> {
  const word = `done${ssh.output.length}`;
  ssh.write(`clear; ${commands}; echo ""${word}\r`);
  await ssh.waitFor(new RegExp(`^${word}$`, "m"));
  return ssh.screen().split(`\n${word}`)[0] ?? "";
}

describe.concurrent("a wrapped login", () => {
  test("is wrapped, and the one beside it is not", async () => {
    const [wrapped, plain] = await inBoth(lab, "user", (ssh) => answer(ssh, "ps -o comm= -p $PPID"));
    expect(wrapped).toContain("node");
    expect(plain).toContain("sshd");
  });

  test("has the window's size, and tells its programs of a new one", async () => {
    const [wrapped, plain] = await inBoth(lab, "user", async (ssh) => {
      const first = await answer(ssh, "stty size");
      ssh.write(`clear; sh -c 'trap "stty size; exit" WINCH; echo u""p; while :; do sleep 0.1; done'\r`);
      await ssh.waitFor(/^up$/m);
      ssh.resize(101, 33);
      await ssh.waitFor(/^\d+ \d+\n\$/m);
      return { first, second: ssh.screen() };
    });
    expect(wrapped).toEqual(plain);
    expect(wrapped.first).toMatch(/^24 80$/m);
    expect(wrapped.second).toMatch(/^33 101$/m);
  });

  test("has the modes and the limits of a plain one", async () => {
    const asked = "stty -a; ulimit -a; umask; ulimit -Hn";
    const [wrapped, plain] = await inBoth(lab, "user", (ssh) => {
      ssh.resize(100, 60);
      return answer(ssh, `stty rows 60 cols 100; ${asked}`);
    });
    expect(wrapped).toBe(plain);
  });

  test("has job control: ^C, ^Z and fg, ^\\", async () => {
    const [wrapped, plain] = await inBoth(lab, "user", async (ssh) => {
      const seen: string[] = [];
      for (const [name, key] of [
        ["one", "\x03"],
        ["two", "\x1c"],
        ["three", "\x1a"],
      ] as const) {
        ssh.write(`clear; sh -c 'echo up""${name}; exec sleep 1000'\r`);
        await ssh.waitFor(
          () => ssh.screen().includes(`\nup${name}\n`) || ssh.screen().startsWith(`up${name}\n`),
        );
        ssh.write(key);
        await ssh.waitFor(/^\^[C\\Z](.|\n)*^\$ ?$/m);
        ssh.write("echo status=$?\r");
        await ssh.waitFor(/^status=\d+\n\$/m);
        seen.push(ssh.screen());
      }
      ssh.write("clear; fg\r");
      await ssh.waitFor(/^sh -c.*\n*$/);
      ssh.write("\x03");
      await ssh.waitFor(/\^C\n\$/);
      seen.push(await answer(ssh, "echo $? $(jobs | wc -l)"));
      return seen;
    });
    expect(wrapped).toEqual(plain);
    expect(wrapped.join()).toMatch(/status=130(.|\n)*status=131(.|\n)*status=148/);
  });

  test("stops at ^S and goes on at ^Q, and loses nothing", async () => {
    const [wrapped, plain] = await inBoth(lab, "user", async (ssh, way) => {
      ssh.write(
        `clear; n=0; until [ -e /tmp/enough-${way} ]; do echo line $((n += 1)); sleep 0.01; done; echo e''nd\r`,
      );
      await ssh.waitFor(() => ssh.output.includes("line 5\r\n"));
      ssh.write("\x13");
      let before = "";
      await ssh.waitFor(async () => {
        before = ssh.output;
        await new Promise((resolve) => setTimeout(resolve, 1000));
        return before === ssh.output;
      });
      const stoppedAt = before.match(/line \d+\r\n/g)?.length ?? 0;
      ssh.write("\x11");
      await ssh.waitFor(() => ssh.output.includes(`line ${stoppedAt + 100}\r\n`));
      await lab.must(`touch /tmp/enough-${way}`);
      // With the prompt behind it: there the output ends.
      await ssh.waitFor(/^end\n\$/m);
      // From systemd 258 on, bash tells the terminal before each prompt which shell it is (/etc/profile.d/80-systemd-osc-context.sh).
      const output = ssh.output.replaceAll(/\x1b]3008;[^\x1b]*\x1b\\/g, "");
      const [, lines, rest] = /(line 1\r\n(?:line \d+\r\n)*)(.*)/s.exec(output) ?? [];
      const numbers = lines?.match(/\d+/g)?.map(Number) ?? [];
      return { counted: numbers.every((number, n) => number === n + 1), rest: rest?.trimEnd() };
    });
    expect(wrapped).toEqual(plain);
    expect(wrapped).toEqual({ counted: true, rest: "end\r\n$" });
  });

  test("ends at ^D, with the status of the last command", async () => {
    const [wrapped, plain] = await inBoth(lab, "user", async (ssh) => {
      await answer(ssh, "true");
      // The prompt is another, so that ^D comes after it: what a shell's line editor finds waiting is no end of input.
      ssh.write("clear; PS1='seven '; (exit 7)\r");
      await ssh.waitFor(/^seven ?$/m);
      ssh.write("\x04");
      return { exit: await ssh.exit, said: ssh.screen() };
    });
    expect(wrapped).toEqual(plain);
    expect(wrapped.exit.status).toBe(7);
  });

  test("has SSH_TTY and the other variables of a plain one", async () => {
    const [wrapped, plain] = await inBoth(
      lab,
      "user",
      async (ssh) => {
        const tty = await answer(
          ssh,
          '[ "$SSH_TTY" = "$(tty)" ] && echo same; [ -O "$SSH_TTY" ] && echo own',
        );
        expect(tty).toMatch(/^same\s+own/m);
        const agent = await answer(
          ssh,
          "ssh-add -l 2>&1 | sed 's/.*SHA256.*/keys/'; echo \"$DISPLAY\" | cut -d: -f1",
        );
        const all = await answer(
          ssh,
          "env | sed 's/=.*ssh.*agent.*/=AGENT/; s/^\\(SSH_[CT].*\\|DISPLAY\\)=.*/\\1=/; /^_=/d' | sort",
        );
        return { agent, all };
      },
      ["-X", "-A", "-o", "IdentityAgent=/tmp/agent"],
    );
    expect(wrapped).toEqual(plain);
    expect(wrapped.all).toMatch(/^SSH_AUTH_SOCK=AGENT$/m);
    expect(wrapped.all).toMatch(/^SSH_CONNECTION=$/m);
  });

  test("takes and gives every byte in raw mode", async () => {
    await lab.must(`
      cat >/tmp/bytes <<'END'
import os, sys, hashlib
every = bytes(range(256)) * 64
sys.stdout.buffer.write(every)
END
      cat >/tmp/echo <<'END'
stty raw -echo; printf ready; head -c 16384 | tee /tmp/taken-$1; stty sane
END`);
    const every = await lab.must("python3 /tmp/bytes | sha256sum");
    for (const options of ["", PLAIN.join(" ")]) {
      const name = options ? "plain" : "wrapped";
      const ran = await lab.run(
        `{ until grep -q ready /tmp/came-${name} 2>/dev/null; do sleep 0.1; done; python3 /tmp/bytes; sleep 1; } |
          ssh -tt -e none ${options} user@lab 'sh /tmp/echo ${name}' >/tmp/came-${name} 2>/dev/null
        sha256sum </tmp/taken-${name}; tail -c +6 /tmp/came-${name} | head -c 16384 | sha256sum`,
      );
      expect(ran.stdout, name).toBe(every + every);
    }
  });

  test("has the status of what runs on its terminal, or its signal", async () => {
    const said = async (options: string) => {
      const ran = await lab.run(
        `for n in 0 1 2 100 126 127 128 129 137 143 254 255; do
          ssh -tt ${options} user@lab "exit $n" </dev/null >/dev/null 2>&1; echo $n $?
        done
        for n in HUP INT QUIT KILL USR1 USR2 PIPE ALRM TERM; do
          ssh -tt ${options} user@lab "kill -$n \\$\\$" </dev/null 2>&1; echo $n $?
        done
        ssh -tt -v ${options} user@lab 'kill -TERM $$' </dev/null 2>&1 | grep exit-`,
      );
      return ran.stdout;
    };
    const [wrapped, plain] = await Promise.all([said(""), said(PLAIN.join(" "))]);
    expect(wrapped).toBe(plain);
    expect(wrapped).toContain("\n143 143\n");
    expect(wrapped).toContain("exit-signal");
  });

  test("passes scp, sftp, rsync and commands without a terminal, and starts no Node for them", async () => {
    await using lab = await startWrapLab('idle_timeout = "1h"\n');
    await addPlainUser(lab, "user");
    await lab.must(`
      head -c 1000000 /dev/urandom >/tmp/sent
      echo 'import { writeFileSync } from "node:fs"; writeFileSync("/tmp/started", "")' >/usr/lib/afkill/dist/wrap.js`);
    const ran = await lab.run(`set -e
      scp -q /tmp/sent user@lab:scp
      echo 'put /tmp/sent sftp' | sftp -q -b - user@lab
      rsync /tmp/sent user@lab:rsync
      ssh user@lab 'cat >pipe' </tmp/sent
      cd /home/user; for copy in scp sftp rsync pipe; do cmp /tmp/sent $copy; done
      ssh user@lab 'exit 77' || echo $?`);
    expect(ran.stdout, ran.stderr).toMatch(/77\n$/);
    expect(await lab.run("ls /tmp/started")).toMatchObject({ status: 2 });
    // The same file is what a terminal starts.
    await lab.run("ssh -tt user@lab true");
    await lab.must("ls /tmp/started");
  });

  test("closes as a plain one does where a job in the background holds the terminal", async () => {
    const [wrapped, plain] = await inBoth(lab, "user", async (ssh) => {
      ssh.write("clear; trap '' HUP; (sleep 60 & ); exit 3\r");
      const end = Date.now();
      const exit = await ssh.exit;
      return { exit, soon: Date.now() - end < 20_000 };
    });
    expect(wrapped).toEqual(plain);
    expect(wrapped).toEqual({ exit: { status: 3, signal: 0 }, soon: true });
  });

  test("loses no byte of the end to a slow client", async () => {
    // More than ssh and sshd hold between them.
    const whole = await lab.must("seq 1 500000 | sed 's/$/\\r/' | sha256sum");
    const slowly = `python3 -c '
import sys, time, os
while True:
    b = os.read(0, 65536)
    if not b: break
    sys.stdout.buffer.write(b); time.sleep(0.2)'`;
    for (const reader of ["cat", slowly]) {
      const ran = await lab.run(
        `ssh -tt user@lab 'seq 1 500000' </dev/null 2>/dev/null | ${reader} | sha256sum`,
      );
      expect(ran.stdout, reader).toBe(whole);
    }
  });
});
