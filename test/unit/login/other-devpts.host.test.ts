// A hook that runs as the user opens a terminal by its name, if a program of root's serves it. A container's terminals can have the names
// of this host's.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { SHOW, SHOWN, SHOWN_NODE } from "../../support/shown.ts";

/** What the user's watchdog sees of the terminal that their shell leads inside that of their login. */
const LOOK = `
  import { closeSync } from "node:fs";
  import { setTimeout } from "node:timers/promises";
  import { readStat } from "${SHOWN}/src/login/process.ts";
  import { openTerminal, terminalsOf } from "${SHOWN}/src/login/terminal.ts";
  const server = readStat(Number(process.argv[1]));
  let inner;
  for (let tries = 0; tries < 200 && inner?.foregroundJob[0]?.name !== "sleep"; tries++) {
    await setTimeout(100);
    inner = terminalsOf({ server })[0]?.inner;
  }
  let opened = "yes";
  try {
    closeSync(openTerminal(inner));
  } catch ({ message }) {
    opened = message;
  }
  console.log(JSON.stringify({ path: inner?.path, reachable: inner?.reachable, opened }));`;

/** What becomes the user, and what leads the terminal inside. `su` and `sudo` give it to its user as well. */
const ENVIRONMENT = {
  ...process.env,
  AS: "setpriv --reuid=65534 --regid=65534 --clear-groups",
  LEADER: "chown 65534 $(tty); exec $AS sleep 1000",
};

/** Root's program that serves a terminal inside the login's, as `sudo` does. */
const SERVED = `exec script -qc "$LEADER" /dev/null`;
const NEW_DEVPTS = "mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts /dev/pts";
/** The same in a container: its first terminal is pts/0, too. */
const SERVED_IN_CONTAINER = `exec unshare --mount sh -euc '${NEW_DEVPTS}; ${SERVED}'`;

/** A host of its own, seen as the user. They have pts/0 in one login. In another one root's program runs on pts/1. */
const HOST = `
  ${NEW_DEVPTS}
  sleep 1000 | $AS script -qc 'exec sleep 1000' /dev/null >/dev/null &
  until [ -e /dev/pts/0 ]; do sleep 0.05; done
  sleep 1000 | script -qc "$2" /dev/null >/dev/null &
  exec $AS "$0" --no-warnings --input-type=module --eval "$1" $!`;

/** What the user's watchdog sees while root's program runs. The host ends with every process in it. */
async function seenAsUser(program: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)(
    "unshare",
    [
      ...["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"],
      ...["sh", "-euc", SHOW + HOST, SHOWN_NODE, LOOK, program],
    ],
    { cwd: "/", env: ENVIRONMENT },
  );
  return JSON.parse(stdout);
}

test("a user's watchdog opens no terminal of its own /dev/pts for one of a container's", async () => {
  expect(await seenAsUser(SERVED_IN_CONTAINER)).toEqual({
    path: "/dev/pts/0",
    reachable: false,
    opened: "/dev/pts/0 belongs to another mount namespace",
  });
});

test("a user's watchdog opens a terminal that a program of root's serves in its own /dev/pts", async () => {
  expect(await seenAsUser(SERVED)).toEqual({ path: "/dev/pts/2", reachable: true, opened: "yes" });
});
