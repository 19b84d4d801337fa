// What is read to find what else ends idle people, and which servers take logins.
import { expect, test } from "vitest";
import { idleSessionIn, timeoutsIn } from "../../../../src/commands/doctor/rivals.ts";
import { optionsOf } from "../../../../src/sshd/listener.ts";

const valuesIn = (file: string, text: string) =>
  timeoutsIn(file, text).map(({ line, value }) => `${line} ${value}`);

test.each([
  ["TMOUT=900", "TMOUT=900"],
  ["export TMOUT=900 # fifteen minutes", "TMOUT=900"],
  ["declare -xr TMOUT=600;", "TMOUT=600"],
  ['readonly TMOUT="300"', "TMOUT=300"],
  ['[ -z "$SSH_TTY" ] || TMOUT=900', "TMOUT=900"],
  ["TMOUT=$LIMIT", "TMOUT=$LIMIT"],
])("%s in a start-up file ends an idle shell", (line, value) => {
  expect(valuesIn("/etc/profile", `# first\n${line}\n`)).toEqual([`2 ${value}`]);
});

test.each([
  "# TMOUT=900",
  "TMOUT=0",
  "export TMOUT",
  "MY_TMOUT=900",
  "TMOUT=",
  "unset TMOUT",
  'echo "$TMOUT"',
])("%s does not", (line) => expect(valuesIn("/etc/profile", `${line}\n`)).toEqual([]));

test("other shells and PAM write it otherwise", () => {
  expect(
    valuesIn("/etc/csh.cshrc", "set autologout=30\nset autologout = 0\n#set autologout=5\nTMOUT=9\n"),
  ).toEqual(["1 autologout=30"]);
  expect(valuesIn("/etc/security/pam_env.conf", "TMOUT DEFAULT=900\n#TMOUT DEFAULT=5\nTMOUT=5\n")).toEqual([
    "1 TMOUT=900",
  ]);
});

test("the last file that sets it says when logind stops an idle session, and only under [Login]", () => {
  const main = { file: "a", text: "[Login]\n#StopIdleSessionSec=1\nStopIdleSessionSec=15min\n" };
  expect(idleSessionIn([main])).toEqual({ file: "a", line: 3, value: "15min" });
  expect(idleSessionIn([main, { file: "b", text: "[Other]\nStopIdleSessionSec=infinity\n" }])?.file).toBe(
    "a",
  );
  expect(idleSessionIn([main, { file: "b", text: "[Login]\nStopIdleSessionSec = 900 \n" }])).toEqual({
    file: "b",
    line: 2,
    value: "900",
  });
  for (const off of ["infinity", ""])
    expect(
      idleSessionIn([main, { file: "b", text: `[Login]\nStopIdleSessionSec=${off}\n` }]),
    ).toBeUndefined();
  expect(idleSessionIn([])).toBeUndefined();
});

const LISTENS = "[listener] 0 of 10-100 startups";
test.each<[string, string[] | undefined]>([
  [`sshd: /usr/sbin/sshd -D ${LISTENS}`, []],
  [`sshd: sshd: /usr/sbin/sshd -D ${LISTENS}`, []],
  [`sshd: /usr/sbin/sshd -f /etc/ssh/second -D ${LISTENS}`, ["-f", "/etc/ssh/second"]],
  [`sshd: /usr/sbin/sshd -Df/etc/ssh/second ${LISTENS}`, ["-f", "/etc/ssh/second"]],
  [`sshd: /usr/sbin/sshd -p 22 -o UsePAM no -oPort=2 ${LISTENS}`, ["-o", "UsePAM no", "-o", "Port=2"]],
  [`sshd: /usr/sbin/sshd -E /var/log/f -D ${LISTENS}`, []],
  ["sshd: alice [priv]", undefined],
  ["sshd: alice@pts/0", undefined],
  ["vim -f [listener]", undefined],
])("the options of %j", (title, options) => {
  expect(optionsOf(title)).toEqual(options);
});
