import { expect, test } from "vitest";
import { diffLines } from "../../../src/change/diff.ts";
import { mountOf } from "../../../src/change/mount.ts";
import { settingsIn } from "../../../src/sshd/sshd.ts";

test("a diff shows what differs and a little around it", () => {
  expect(diffLines("a\nb\nc\nd\n", "a\nb\nX\nc\nd\n", 1)).toEqual([" b", "+X", " c"]);
  expect(diffLines("a\nb\nc\n", "a\nc\n", 2)).toEqual([" a", "-b", " c"]);
  expect(diffLines("a\na\n", "a\na\na\n", 0)).toEqual(["+a"]);
  expect(diffLines("", "a\n", 2)).toEqual(["+a"]);
  expect(diffLines("a\n", "", 2)).toEqual(["-a"]);
  expect(diffLines("a\n", "a\n", 2)).toEqual([" a"]);
});

test("the mount that holds a path is the innermost, and of several on one point the last", () => {
  const mountinfo = [
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/a rw",
    "23 22 8:2 / /usr rw,nosuid - ext4 /dev/b rw",
    "24 22 8:2 / /usr rw,noexec - ext4 /dev/b rw",
    "25 23 8:3 / /usr/lib/afk rw,ro - ext4 /dev/c rw",
    "26 22 8:4 / /with\\040blank rw,nosuid - ext4 /dev/d rw",
    "",
  ].join("\n");
  expect(mountOf("/usr/lib/afkill", mountinfo)).toEqual({ point: "/usr", options: ["rw", "noexec"] });
  expect(mountOf("/usrx", mountinfo)).toEqual({ point: "/", options: ["rw", "relatime"] });
  expect(mountOf("/with blank/x", mountinfo).point).toBe("/with blank");
});

test.each([
  [
    "OpenSSH 10.4",
    "usepam yes\nauthorizedkeysfile .ssh/Keys\nclientaliveinterval 0\ntcpkeepalive no\nforcecommand true\n",
  ],
  [
    "OpenSSH 10.6",
    "UsePAM yes\nAuthorizedKeysFile .ssh/Keys\nClientAliveInterval 0\nTCPKeepAlive false\nForceCommand true\n",
  ],
])("a setting of sshd is found by its keyword in lower case, as %s prints it", (_, printed) => {
  const found = settingsIn(printed);
  expect(found.get("usepam")).toBe("yes");
  expect(found.get("authorizedkeysfile")).toBe(".ssh/Keys");
  expect(found.get("clientaliveinterval")).toBe("0");
  expect(found.get("tcpkeepalive")).toBe("no");
  // A command, and no answer to a question.
  expect(found.get("forcecommand")).toBe("true");
});
