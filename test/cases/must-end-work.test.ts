// Must end, on time: what only looks like work, and each thing that `busy` cannot see, as README says.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { releases } from "../lab/release.ts";
import { atPrompt, auditWithEnd, expectEndOnTime, policyOfSeconds, type } from "../support/logins.ts";

const LOG = "/tmp/access.log";
const GROWS = `for (;;) { syswrite STDOUT, "a line of an access log, as long as they are, 99 GET\\n" for 1 .. 20; select undef, undef, undef, 0.05 }`;
const SHORT = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done";
const SENDS = `socket S, PF_INET, SOCK_DGRAM, 0; connect S, sockaddr_in 9, inet_aton "127.0.0.1"; send S, "x" x 999, 0 while select undef, undef, undef, 0.1`;

const idle = [
  { what: "following a log that grows fast", name: "follower", command: `tail -f ${LOG}` },
  {
    what: "following it in a pipeline",
    name: "filter",
    command: `tail -f ${LOG} | grep --line-buffered '99 GET'`,
  },
  { what: "following it in less", name: "pager", command: `less +F ${LOG}` },
  { what: "a watch whose command computes", name: "watcher", command: `watch -n 1 '${SHORT}'` },
  {
    what: "following it while a script records",
    name: "recorder",
    command: `script -qc 'less +F ${LOG}' log`,
  },
] as const;

const unseen = [
  { what: "a build that waits for a sleep", name: "waiter", command: "sh -c 'sleep 1000; :'" },
  { what: "a client waiting silently", name: "client", command: "perl -e 'sysread STDIN, $x, 1 while 1'" },
  {
    what: "datagrams by send",
    name: "sender",
    command: `perl -MSocket -e '${SENDS}'`,
  },
  {
    what: "short commands of a raw program",
    name: "agent",
    command: `sh -c 'stty -icanon -echo; exec perl -e '\\''for (;;) { system "sh -c \\"sleep 1\\" </dev/null >/dev/null"; }'\\'''`,
  },
  { what: "work inside tmux", name: "tmuxer", command: `tmux new 'while :; do ${SHORT}; sleep 1; done'` },
] as const;

describe.concurrent("must end, on time", () => {
  describe.concurrent.each(releases)("$name", (release) => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await startLab({ release, hook: "pam", policy: policyOfSeconds() });
      lab.spawn(`exec perl -e '${GROWS}' >${LOG}`);
      await lab.must(`until [ -s ${LOG} ]; do sleep 0.1; done; chmod 644 ${LOG}`);
    });
    afterAll(() => lab?.stop());

    test.each([...idle, ...unseen.map((it) => ({ ...it, what: `not seen: ${it.what}` }))])(
      "$what",
      async ({ name, command }) => {
        await lab.addUser(name);
        const ssh = await atPrompt(lab, name);
        await expectEndOnTime(ssh, type(ssh, `${command}\r`));
        expect((await auditWithEnd(lab, name)).at(-1)?.lastActivity).toMatch(/^input/);
      },
    );
  });
});
