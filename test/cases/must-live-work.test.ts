// Must live: work that uses hardly any CPU, or is done by a program that waits for keys.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { releases } from "../lab/release.ts";
import {
  aliveAfter,
  atPrompt,
  auditWithEnd,
  expectEndOnTime,
  LONG_S,
  policyOfSeconds,
  type,
} from "../support/logins.ts";

/** What a program does that a slow disk or network file system holds up: 20 kB a second. */
const READS = `open F, "</srv/long"; while (sysread F, $piece, 20000) { sleep 1 }`;
const SCANS = `for (;;) { for my $at (0 .. 99) { opendir D, "/srv/many/$at"; sleep 1 } }`;
const COPIES = `open F, ">copy"; syswrite F, "x" x 20000 while sleep 1`;
const SENDS = `socket S, PF_UNIX, SOCK_STREAM, 0; connect S, sockaddr_un "/srv/socket" or die; syswrite S, "x" x 20000 while sleep 1`;
const LISTENS = `use Socket; socket S, PF_UNIX, SOCK_STREAM, 0; bind S, sockaddr_un "/srv/socket"; chmod 0666, "/srv/socket"; listen S, 5; accept C, S; 1 while sysread C, $piece, 20000`;
const COMPUTES = "while :; do i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 0.2; done";
/** A program that waits for single keys. */
const raw = (program: string) => `sh -c 'stty -icanon -echo; ${program}'`;

const work = [
  {
    what: "reading slow storage",
    name: "reader",
    command: `perl -e '${READS}'`,
    seen: /perl: reads \d+ kB\/s/,
  },
  {
    what: "going through directories",
    name: "scanner",
    command: `perl -e '${SCANS}'`,
    seen: /perl: scans files/,
  },
  {
    what: "writing to a unix socket",
    name: "sender",
    command: `perl -MSocket -e '${SENDS}'`,
    seen: /perl: writes \d+ kB\/s/,
  },
  {
    what: "copying in a program that waits for keys",
    name: "mover",
    command: raw(`exec perl -e '\\''${COPIES}'\\''`),
    seen: /perl: writes \d+ kB\/s/,
  },
  {
    what: "work done for a program that reads keys",
    name: "editor",
    command: raw(`sh -c '\\''${COMPUTES}'\\'' </dev/null >/dev/null 2>&1 & exec sleep 1000`),
    seen: /sh: (?:CPU|wants) \d+ %/,
  },
  {
    what: "work whose output a pager shows",
    name: "pager",
    command: `sh -c '${COMPUTES}' | less`,
    seen: /sh: (?:CPU|wants) \d+ %/,
  },
] as const;

describe.concurrent("must live", () => {
  describe.concurrent.each(releases)("$name", (release) => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await startLab({ release, hook: "pam", policy: policyOfSeconds() });
      await lab.must("truncate -s 100M /srv/long && mkdir -p /srv/many && cd /srv/many && mkdir $(seq 0 99)");
      lab.spawn(`exec perl -e '${LISTENS}'`);
    });
    afterAll(() => lab?.stop());

    test.each(work)("$what, and who stops it ends on time", async ({ name, command, seen }) => {
      await lab.addUser(name);
      const ssh = await atPrompt(lab, name);
      ssh.write(`${command}\r`);
      expect(await aliveAfter(ssh, LONG_S)).toBe(true);
      const [login] = JSON.parse(await lab.must(`afkill list --json --user ${name}`));
      expect(login.subjects[0].evidence).toMatch(seen);
      await lab.must(
        `pkill -KILL -u ${name} 'perl|less|sleep' || true; pkill -KILL -u ${name} -f 'i=0' || true`,
      );
      await expectEndOnTime(ssh, type(ssh, "\r"));
      expect((await auditWithEnd(lab, name)).at(-1)?.action).toBe("end");
    });
  });
});
