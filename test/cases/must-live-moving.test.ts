// Must live: logins that move something longer than the limit lasts, in logins of their own and beside an idle terminal.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { type Release, releases } from "../lab/release.ts";
import {
  aliveAfter,
  atPrompt,
  auditOf,
  auditWithEnd,
  expectEndOnTime,
  LIMIT_S,
  LONG_S,
  policyOfSeconds,
  type,
} from "../support/logins.ts";

const POLICY = `${policyOfSeconds()}
[[rule]]
match = { groups = ["unattended"] }
no_terminal = "${LIMIT_S}s"
`;

/** Slower than any line: some 40 kB/s for a minute. */
const SLOW_BYTES = 2_600_000;
/** A client that is slow to read has 2 MB asked for ahead (sftp(1), -R): at 400 kB/s it still asks five seconds before its end. */
const SLOW_READER_BYTES = 24_000_000;
const PACK_BYTES = 1_300_000;
const THROTTLE = `perl -e '$| = 1; while (sysread STDIN, $piece, 20000) { print $piece; sleep 1 }'`;

interface Transfer {
  readonly name: string;
  /** Run by root in the lab. `o`: options for ssh. It must succeed only if all that was to be copied has come. */
  readonly command: (user: string, o: string) => string;
  /** What goes to the host keeps an idle terminal beside it too; beside what comes from there only that one is hung up. */
  readonly isToHost: boolean;
}

const transfers: readonly Transfer[] = [
  {
    name: "scp to the host",
    command: (user, o) => `scp -q -l 320 ${o} /root/slow ${user}@lab:to && cmp /root/slow /home/${user}/to`,
    isToHost: true,
  },
  {
    name: "scp from the host",
    command: (user, o) => `scp -q -l 3200 ${o} ${user}@lab:/srv/large ${user} && cmp /srv/large ${user}`,
    isToHost: false,
  },
  {
    name: "sftp to the host",
    command: (user, o) =>
      `echo 'put slow to' | sftp -q -b - -l 320 ${o} ${user}@lab && cmp /root/slow /home/${user}/to`,
    isToHost: true,
  },
  {
    name: "sftp from the host",
    command: (user, o) =>
      `echo 'get /srv/large ${user}' | sftp -q -b - -l 3200 ${o} ${user}@lab && cmp /srv/large ${user}`,
    isToHost: false,
  },
  {
    name: "rsync to the host",
    command: (user, o) => `rsync --bwlimit=40 -e 'ssh ${o}' slow ${user}@lab:to && cmp slow /home/${user}/to`,
    isToHost: true,
  },
  {
    name: "rsync from the host",
    command: (user, o) =>
      `rsync --bwlimit=40 -e 'ssh ${o}' ${user}@lab:/srv/slow ${user} && cmp slow ${user}`,
    isToHost: false,
  },
  {
    name: "git push",
    command: (user, o) =>
      `GIT_SSH_COMMAND='slow-ssh ${o}' git -C repo push -q ${user}@lab:repo HEAD:pushed &&
       [ "$(git -C repo rev-parse HEAD)" = "$(git -c safe.directory='*' --git-dir /home/${user}/repo rev-parse pushed)" ]`,
    isToHost: true,
  },
  {
    name: "git clone",
    command: (user, o) =>
      `GIT_SSH_COMMAND='ssh ${o}' git clone -q --upload-pack slow-upload-pack ${user}@lab:/srv/repo ${user} && cmp repo/pack ${user}/pack`,
    isToHost: false,
  },
];

/** Ports from 7001 up; what arrives at the last hop is sent back. */
const ECHO_PORT = 7000;
/** Echoes, and every two seconds sends a little through each port that has a file in /root/poke, over SOCKS where its name says so. */
const POKE = `
import { readdirSync } from "node:fs";
import { connect, createServer } from "node:net";
createServer((socket) => socket.on("error", () => {}).pipe(socket)).listen(${ECHO_PORT}, "127.0.0.1");
setInterval(() => {
  for (const name of readdirSync("/root/poke")) {
    const [port, kind] = name.split(".");
    const socket = connect(Number(port), "127.0.0.1").on("error", () => {});
    if (kind !== "socks") socket.resume().end(Buffer.alloc(700));
    else socket.once("data", () => {
      socket.write(Buffer.from([5, 1, 0, 1, 127, 0, 0, 1, ${ECHO_PORT >> 8}, ${ECHO_PORT & 255}]));
      socket.once("data", () => socket.resume().end(Buffer.alloc(700)));
    }).write(Buffer.from([5, 1, 0]));
  }
}, 2000);
`;

const forwards = [
  { flag: "-L", of: (port: number) => `${port}:127.0.0.1:${ECHO_PORT}`, kind: "plain" },
  { flag: "-R", of: (port: number) => `${port}:127.0.0.1:${ECHO_PORT}`, kind: "plain" },
  { flag: "-D", of: (port: number) => String(port), kind: "socks" },
];

async function startThisLab(release: Release): Promise<Lab> {
  const lab = await startLab({ release, hook: "pam", policy: POLICY });
  await lab.write("/usr/local/bin/slow-ssh", `#!/bin/sh\n${THROTTLE} | ssh "$@"\n`, 0o755);
  await lab.write(
    "/usr/local/bin/slow-upload-pack",
    `#!/bin/sh\ngit-upload-pack "$@" | ${THROTTLE}\n`,
    0o755,
  );
  await lab.write("/root/poke.mjs", POKE);
  await lab.must(`
    mkdir -p /root/poke /srv
    head -c ${SLOW_BYTES} /dev/urandom | tee slow >/srv/slow
    head -c ${SLOW_READER_BYTES} /dev/urandom >/srv/large
    git init -q repo
    head -c ${PACK_BYTES} /dev/urandom >repo/pack
    git -C repo add pack
    git -C repo -c user.name=lab -c user.email=root@lab commit -q -m pack
    git clone -q --bare repo /srv/repo
    git config --system safe.directory '*'`);
  lab.spawn(`exec ${lab.node} /root/poke.mjs`);
  await lab.must(`until ss -ltn | grep -q ':${ECHO_PORT} '; do sleep 0.1; done`);
  return lab;
}

describe.concurrent("must live", () => {
  describe.concurrent.each(releases)("$name", (release) => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await startThisLab(release);
    });
    afterAll(() => lab?.stop());

    /** Runs a transfer and sees that it took longer than any idle login lasts. */
    async function runs({ command }: Transfer, user: string, options: string): Promise<void> {
      const beganAt = performance.now();
      await lab.must(command(user, options), { timeoutMs: 170_000 });
      expect((performance.now() - beganAt) / 1000).toBeGreaterThan(LONG_S);
    }

    test.for(transfers.map((it, n) => ({ ...it, n })))(
      "$name",
      async ({ n, ...transfer }, { onTestFailed }) => {
        const user = `alone${n}`;
        onTestFailed(async () => console.log(await auditOf(lab, user)));
        await lab.addUser(user, { groups: ["unattended"] });
        await lab.must("git init -q --bare repo", { user });
        await runs(transfer, user, "-o ControlPath=none");
        const actions = (await auditOf(lab, user)).map(({ action }) => action);
        expect(actions).not.toContain("end");
      },
    );

    test.for(transfers.map((it, n) => ({ ...it, n })))(
      "$name beside an idle terminal",
      async ({ n, ...transfer }, { onTestFailed }) => {
        const user = `beside${n}`;
        onTestFailed(async () => console.log(await auditOf(lab, user)));
        await lab.addUser(user);
        await lab.must("git init -q --bare repo", { user });
        const ssh = await atPrompt(lab, user, ["-M", "-S", `/root/${user}.sock`]);
        type(ssh, "\r");
        await runs(transfer, user, `-o ControlPath=/root/${user}.sock`);
        const hungUp = (await auditOf(lab, user)).some(({ action }) => action === "hang-up");
        expect(hungUp).toBe(!transfer.isToHost);
        ssh.kill();
      },
    );

    test.for(forwards.map((it, n) => ({ ...it, n })))(
      "a forwarded port in use ($flag), until it is not",
      async ({ flag, of, kind, n }, { onTestFailed }) => {
        const user = `forward${n}`;
        onTestFailed(async () => console.log(await auditOf(lab, user)));
        const port = ECHO_PORT + 1 + n;
        await lab.addUser(user);
        const ssh = await atPrompt(lab, user, [flag, of(port)]);
        ssh.write("\r");
        await lab.write(`/root/poke/${port}.${kind}`, "");
        expect(await aliveAfter(ssh, LONG_S)).toBe(true);
        await lab.must(`rm /root/poke/${port}.${kind}`);
        await ssh.exit;
        expect(ssh.output).toContain("closed by remote host");
      },
    );

    test.for(forwards.map((it, n) => ({ ...it, n })))(
      "a forwarded port in use of a login without a terminal ($flag -N), until it is not",
      async ({ flag, of, kind, n }, { onTestFailed }) => {
        const user = `tunnel${n}`;
        onTestFailed(async () => console.log(await auditOf(lab, user)));
        const port = ECHO_PORT + 101 + n;
        await lab.addUser(user, { groups: ["unattended"] });
        const ssh = lab.ssh(user, ["-N", flag, of(port)]);
        await lab.write(`/root/poke/${port}.${kind}`, "");
        expect(await aliveAfter(ssh, LONG_S)).toBe(true);
        await lab.must(`rm /root/poke/${port}.${kind}`);
        await ssh.exit;
        expect(ssh.output).toContain("closed by remote host");
      },
    );
  });
});

describe.concurrent("must end, on time", () => {
  describe.concurrent.each(releases)("$name", (release) => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await startLab({ release, hook: "pam", policy: POLICY });
    });
    afterAll(() => lab?.stop());

    test("an idle shell with a forwarded port that is not used", async () => {
      await lab.addUser("unused");
      const ssh = await atPrompt(lab, "unused", ["-L", "7002:127.0.0.1:7000", "-o", "ServerAliveInterval=2"]);
      await expectEndOnTime(ssh, type(ssh, "\r"));
    });

    test("a command that does nothing, under a `no_terminal` limit", async () => {
      await lab.addUser("lingering", { groups: ["unattended"] });
      const ran = await lab.run("ssh lingering@lab 'sleep 1000'", { timeoutMs: 120_000 });
      expect(ran.status).toBe(255);
      expect((await auditWithEnd(lab, "lingering")).at(-1)).toMatchObject({ action: "end", terminals: [] });
    });
  });
});
