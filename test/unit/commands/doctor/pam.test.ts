import { expect, test } from "vitest";
import { readersIn } from "../../../../src/commands/doctor/auth-environment.ts";
import { wrongIn } from "../../../../src/commands/doctor/pam-rule.ts";
import { hidepidOf } from "../../../../src/commands/doctor/user-hooks.ts";
import { PAM_RULE } from "../../../../src/setup/pam-file.ts";
import { rulesOf } from "../../../../src/setup/pam-stack.ts";

const files: Record<string, string> = {
  "common-auth": "auth required pam_unix.so\nsession required pam_limits.so\n",
  env: "auth required pam_env.so user_readenv=1\naccount required pam_env.so user_readenv=1\n",
  deep: "auth include env\n",
  loop: "auth substack loop\n",
};
const read = (name: string) => {
  const text = files[name];
  if (text === undefined) throw new Error(`ENOENT: ${name}`);
  return text;
};
const places = (text: string) =>
  readersIn("/etc/pam.d/sshd", text, read).map(({ what }) => what.split(": ")[0]);
const wrong = (text: string) => wrongIn("/etc/pam.d/sshd", text, read).map(({ what }) => what);

test("the rules of one type, through every way to include a file", () => {
  const text =
    "@include common-auth\nauth include env\nauth substack deep\naccount include env\nauth optional pam_x.so\n";
  const rules = rulesOf("auth", { file: "main", text }, read);
  expect(rules.map(({ module, line }) => [module, line])).toEqual([
    ["pam_unix.so", 1],
    ["pam_env.so", 1],
    ["pam_env.so", 1],
    ["pam_x.so", 5],
  ]);
  expect(rules.at(-1)?.file).toBe("main");
  expect(() => rulesOf("auth", { file: "main", text: "auth include loop\n" }, read)).toThrow("in a loop");
  expect(() => rulesOf("auth", { file: "main", text: "@include none\n" }, read)).toThrow("ENOENT: none");
});

test.each([
  ["auth required pam_env.so user_readenv=1\n", ["/etc/pam.d/sshd:1"]],
  ["# c\n-auth [success=1 default=ignore] /lib/security/pam_env.so user_readenv=01\n", ["/etc/pam.d/sshd:2"]],
  ["auth required pam_env user_readenv=2\n", ["/etc/pam.d/sshd:1"]],
  ["auth required pam_env.so [user_readenv=1]\n", ["/etc/pam.d/sshd:1"]],
  [
    "auth required pam_env.so user_readenv=0\nauth required pam_env.so\nauth required pam_env.so user_readenv=no\n",
    [],
  ],
  ["session required pam_env.so user_readenv=1\nauth required pam_env.so # user_readenv=1\n", []],
  ["auth required pam_notenv.so user_readenv=1\n", []],
])("who reads a user's environment in %j", (text, expected) => expect(places(text)).toEqual(expected));

test("afkill's line in its place is fine, whatever stands around it", () => {
  const before = "auth required pam_x.so\n# session required pam_x.so\naccount required pam_x.so\n";
  expect(wrong(`${before}${PAM_RULE}\nsession required pam_env.so user_readenv=1\n`)).toEqual([]);
  // An included file that brings no session rule may come first.
  expect(wrong(`@include deep\n${PAM_RULE}\n@include common-auth\n`)).toEqual([]);
});

test.each([
  ["", /has no line of afkill:/],
  [`@include common-auth\n${PAM_RULE}\n`, /:2: a session rule comes before/],
  [
    PAM_RULE.replace("optional", "[success=ok default=bad]"),
    /:1: afkill's line is "\[success=ok default=bad\]"/,
  ],
  [PAM_RULE.replace("type=open_session ", ""), /:1: .*also runs when a session closes/],
  [PAM_RULE.replace("quiet ", ""), /:1: afkill's line is wrong, expected: session optional/],
  [`${PAM_RULE}\n${PAM_RULE}\n`, /:2: afkill's line is here a second time/],
  ["auth maybe x\n", /:1 cannot be understood/],
])("what is wrong in %j", (text, expected) => expect(wrong(text)).toEqual([expect.stringMatching(expected)]));

test.each([
  ["24 22 0:5 / /proc rw,nosuid - proc proc rw,hidepid=invisible", "invisible"],
  ["24 22 0:5 / /proc rw - proc proc rw,gid=4,hidepid=2", "2"],
  ["24 22 0:5 / /proc rw - proc proc rw,hidepid=off", undefined],
  ["24 22 0:5 / /proc rw - proc proc rw", undefined],
  ["23 22 0:5 / /proc rw - proc proc rw,hidepid=2\n24 22 0:5 / /proc rw - proc proc rw", undefined],
  ["24 22 0:5 / /srv/proc rw - proc proc rw,hidepid=2", undefined],
])("how /proc hides processes in %j: %j", (mountinfo, expected) =>
  expect(hidepidOf(mountinfo)).toBe(expected),
);
