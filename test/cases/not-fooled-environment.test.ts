// Must not be fooled: a user writes whatever they can into the environment of their login. Nothing of it may run as root.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { releases } from "../lab/release.ts";
import { answer, calls, startHooks, watchdogs } from "../support/hooks.ts";

const TRACE = "/tmp/trace";
const HOME = "/home/visitor";

/** Whoever loads it, as a preloaded library or as an audit library, leaves their uid. */
const LIBRARY = `
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
unsigned la_version(unsigned version) { return version; }
__attribute__((constructor)) static void leave_trace(void) {
  char line[64];
  int fd = open("${TRACE}", O_WRONLY | O_APPEND);
  int length = snprintf(line, sizeof line, "library %d\\n", (int)geteuid());
  if (fd >= 0 && write(fd, line, length)) close(fd);
}
`;
const SCRIPT = `#!/bin/dash\n/bin/echo "program $(/usr/bin/id -u)" >>${TRACE}\n`;
const VARIABLES = {
  LD_PRELOAD: `${HOME}/evil.so`,
  LD_AUDIT: `${HOME}/evil.so`,
  GLIBC_TUNABLES: "glibc.malloc.check=3",
  NODE_OPTIONS: `--require=${HOME}/evil.js`,
  PATH: `${HOME}/bin:/usr/bin:/bin`,
  ENV: `${HOME}/bin/sleep`,
  BASH_ENV: `${HOME}/bin/sleep`,
  SHELLOPTS: "xtrace",
  PS4: `\\$(${HOME}/bin/sleep)`,
  "BASH_FUNC_read%%": "() { /bin/echo function 0 >>/tmp/trace; }",
  "BASH_FUNC_sleep%%": "() { /bin/echo function 0 >>/tmp/trace; }",
};

/** The library, compiled outside: no release's tree has a compiler. */
function library(): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), "afkill-library-"));
  try {
    const at = (name: string) => join(directory, name);
    writeFileSync(at("evil.c"), LIBRARY);
    execFileSync("gcc", ["-shared", "-fPIC", "-o", at("evil.so"), at("evil.c")]);
    return readFileSync(at("evil.so"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function attack(lab: Lab): Promise<void> {
  const lines = Object.entries(VARIABLES).map(([name, value]) => `${name} DEFAULT="${value}"\n`);
  await lab.write(`${HOME}/.pam_environment`, lines.join(""));
  await lab.write(`${HOME}/evil.so`, library(), 0o755);
  await lab.write(`${HOME}/evil.js`, `require("fs").appendFileSync("${TRACE}", "node 0\\n");\n`);
  for (const name of ["id", "date", "sleep", "setsid", "env", "sh", "logger", "mkdir", "flock"])
    await lab.write(`${HOME}/bin/${name}`, SCRIPT, 0o755);
  await lab.must(`: >${TRACE}; chmod 666 ${TRACE}`);
}

/** Logs in, has a check run, logs out, and returns what ran as root with the user's things in it. */
async function loginAndOut(lab: Lab, options: readonly string[] = []): Promise<string[]> {
  const ssh = lab.ssh("visitor", options, "/bin/cat");
  if ((await lab.read("/etc/pam.d/sshd")).includes("/afkill/env")) {
    await ssh.waitFor(async () => (await calls(lab)).length > 0);
    await ssh.waitFor(() => watchdogs(lab).length === 1);
    expect(environmentsOf(lab)).not.toMatch(/visitor|GLIBC|SHELLOPTS|BASH|LD_/);
  }
  ssh.write("\x04");
  await ssh.exit;
  await ssh.waitFor(() => watchdogs(lab).length === 0);
  const trace = (await lab.read(TRACE)).split("\n");
  // The attack is there at all: the user's own programs load the library.
  expect(trace.filter((line) => /^library [1-9]/.test(line))).not.toEqual([]);
  return trace.filter((line) => / 0$/.test(line));
}

function environmentOf(lab: Lab, pid: number): string {
  try {
    return readFileSync(`${lab.root}/proc/${pid}/environ`, "utf8");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}

/** The environments of root's watchdog and of what it started. */
function environmentsOf(lab: Lab): string {
  const pids = watchdogs(lab).map(({ pid }) => pid);
  return lab
    .processes()
    .filter(({ pid, ppid }) => pids.includes(pid) || pids.includes(ppid))
    .map(({ pid }) => environmentOf(lab, pid))
    .join("\n");
}

/** As Debian 12 ships it; Debian 13 has stopped reading the user's environment. */
const readInSession = "sed -i 's/pam_env.so envfile/pam_env.so user_readenv=1 envfile/' /etc/pam.d/sshd";
const readInAuth = "sed -i '1i auth required pam_env.so user_readenv=1' /etc/pam.d/sshd";

describe("must not be fooled", () => {
  describe.concurrent.each(releases)("$name", (release) => {
    test.each([
      { shell: "dash", stack: "a stack that reads it in session", prepare: readInSession },
      { shell: "bash", stack: "a stack that reads it in session", prepare: readInSession },
      { shell: "dash", stack: "a stack that reads it in auth", prepare: readInAuth },
      { shell: "bash", stack: "a stack that reads it in auth", prepare: readInAuth },
    ])(
      "a user-made environment: .pam_environment with $stack and $shell as sh",
      async ({ shell, prepare }) => {
        await using lab = await startHooks({ release, pam: true });
        await lab.must(`${prepare}; ln -sf ${shell} /bin/sh`);
        await attack(lab);
        await answer(lab, "echo 3600; id >/dev/null; date >/dev/null");
        expect(await loginAndOut(lab)).toEqual([]);
        // What the stub's own shell adds does not count.
        const [uid, ...words] = (await calls(lab))
          .join("\n")
          .replace(/ ARGS .*/s, "")
          .split(" ");
        const variables = words.filter((word) => !/^(PWD|SHLVL|_)=/.test(word));
        expect({ uid, variables }).toEqual({ uid: "0", variables: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"] });
      },
    );

    test("a user-made environment: AcceptEnv of everything", async () => {
      await using lab = await startHooks({ release, pam: true, sshd: "AcceptEnv *" });
      await attack(lab);
      await lab.must(`rm ${HOME}/.pam_environment`);
      const sent = Object.entries(VARIABLES).filter(([name]) => !name.includes("%"));
      const options = [`SetEnv ${sent.map(([name, value]) => `${name}="${value}"`).join(" ")}`];
      expect(await loginAndOut(lab, ["-o", ...options])).toEqual([]);
    });

    test("the same attacks do run as root behind a plain pam_exec line, which runs at close too", async () => {
      await using lab = await startHooks({ release });
      await lab.must(
        `${readInSession}; sed -i '0,/^session/s:^session:session optional pam_exec.so quiet /usr/lib/afkill/session\\n&:' /etc/pam.d/sshd`,
      );
      await attack(lab);
      expect(await loginAndOut(lab)).toContain("library 0");
    });

    test("the same attacks do run as root behind an env that is not set-group-ID, where auth reads the user's environment", async () => {
      await using lab = await startHooks({ release, pam: true });
      await lab.must(`${readInAuth}; chmod 2700 /usr/lib/afkill/env; chmod g-s /usr/lib/afkill/env`);
      await attack(lab);
      expect(await loginAndOut(lab)).toContain("library 0");
    });
  });
});
