import { expect, test } from "vitest";
import { expandPattern, findForcedKeys, parseUsers, unlistedSource } from "../../../src/sshd/forced-keys.ts";

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKZW comment";

test.each([
  [`command="/bin/backup" ${key}`],
  [`  \tCOMMAND="x" ${key}`],
  [`restrict,from="10.0.0.1",Command="rsync --server" ${key}`],
  [`environment="A=\\",x y",command="a b" ${key}`],
  [`command="never closed ${key}`],
])("%s is a forced key", (line) => {
  const findings = findForcedKeys("/f", `# first\n${line}\n`);
  expect(findings).toEqual([{ where: "/f:2", what: "a key restricted by command=" }]);
});

test.each([
  [key],
  ['ssh-rsa AAAA command="in a comment"'],
  ["sk-ssh-ed25519@openssh.com AAAA command=x"],
  [`# command="x" ${key}`],
  [""],
  [`from="command=",no-pty ${key}`],
  [`environment="X=a,command=b" ${key}`],
])("%s is not", (line) => expect(findForcedKeys("/f", line)).toEqual([]));

test("a cert-authority counts, whatever it restricts itself", () => {
  expect(findForcedKeys("/f", `cert-authority,principals="a" ${key}`)).toEqual([
    { where: "/f:1", what: "a cert-authority, whose certificates may be restricted to a command" },
  ]);
  expect(findForcedKeys("/f", `principals="cert-authority" ${key}`)).toEqual([]);
  expect(findForcedKeys("/f", `cert-authority,command="x" ${key}`)).toHaveLength(2);
});

test("patterns of AuthorizedKeysFile", () => {
  const user = { name: "ann", uid: 1001, gid: 1001, home: "/home/ann/" };
  expect(expandPattern(".ssh/authorized_keys", user)).toBe("/home/ann/.ssh/authorized_keys");
  expect(expandPattern("/etc/keys/%u/%U%%h", user)).toBe("/etc/keys/ann/1001%h");
  expect(expandPattern("%h/k", { ...user, home: "/h" })).toBe("/h/k");
  expect(expandPattern("none", user)).toBeUndefined();
});

test("users of getent", () => {
  expect(parseUsers("root:x:0:0:root:/root:/bin/bash\nno-home:x:5:5:::\n\nbad\n")).toEqual([
    { name: "root", uid: 0, gid: 0, home: "/root" },
  ]);
});

test.each([
  ["passwd: files systemd\ngroup: files sss\n", undefined],
  ["passwd:\tcompat [NOTFOUND=return] sss # ldap\n", "sss"],
  ["#passwd: ldap\n", undefined],
  ["", undefined],
  ["  passwd : files ldap\n", "ldap"],
])("%j: users come unlisted from %s", (text, source) => expect(unlistedSource(text)).toBe(source));
