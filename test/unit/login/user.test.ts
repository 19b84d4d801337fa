import { expect, test } from "vitest";
import {
  isTitleOfLogin,
  nameOfUid,
  namesAskedOnce,
  systemNames,
  titleOf,
  uidOf,
  userInTitle,
} from "../../../src/login/user.ts";

test("the user in the title of an sshd", () => {
  expect(userInTitle("sshd: alice [priv]")).toBe("alice");
  expect(userInTitle("sshd-session: alice [priv]")).toBe("alice");
  expect(userInTitle("sshd-session: alice [postauth]")).toBe("alice");
  expect(userInTitle("sshd: alice@pts/0")).toBe("alice");
  expect(userInTitle("sshd: alice@pts/0,pts/11")).toBe("alice");
  expect(userInTitle("sshd: alice@notty")).toBe("alice");
  expect(userInTitle("sshd: alice")).toBe("alice");
  expect(userInTitle("sshd: alice@example.org [priv]")).toBe("alice@example.org");
  expect(userInTitle("sshd: alice@example.org@pts/3")).toBe("alice@example.org");
  expect(userInTitle("sshd: DOMAIN\\alice [priv]")).toBe("DOMAIN\\alice");
  for (const other of [
    "",
    "bash",
    "sshd: [accepted]",
    "sshd: alice [net]",
    "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups",
    "sshd-session: [accepted]",
  ])
    expect(userInTitle(other)).toBeUndefined();
});

test.each([
  ["door: alice [priv]", true],
  ["door: alice [postauth]", true],
  ["door: alice@pts/0,pts/11", true],
  ["door: alice@notty", true],
  ["door: alice", false],
  ["door: [accepted]", false],
])("whether the title %j can only be that of a login's sshd: %s", (title, isOne) => {
  expect(isTitleOfLogin(title)).toBe(isOne);
});

test("a name is believed only when the system says that it has that uid", () => {
  expect(systemNames.uidOf("root")).toBe(0);
  expect(systemNames.uidOf("-u")).toBeUndefined();
  expect(systemNames.uidOf("nobody by that name")).toBeUndefined();
  expect(nameOfUid(0, [undefined, "root"])).toBe("root");
  expect(nameOfUid(0, ["daemon", "nobody by that name", "-u"])).toBe("root");
  expect(nameOfUid(1, ["root"])).toBe("daemon");
  expect(nameOfUid(3_999_999_999, ["root"])).toBe("3999999999");
});

test("where the system does not answer, the name that sshd's own title tells is believed, and no other", () => {
  const silent = { uidOf: () => undefined, nameOf: () => undefined, isSilent: () => true };
  expect(nameOfUid(4711, ["alice", "mallory"], silent)).toBe("alice");
  expect(nameOfUid(4711, [undefined, "mallory"], silent)).toBe("4711");
  const unknown = { ...silent, isSilent: () => false };
  expect(nameOfUid(4711, ["alice"], unknown)).toBe("4711");
  expect(nameOfUid(4711, ["alice"], { ...silent, nameOf: () => "bob" })).toBe("bob");
});

test("uid and title of a process, and of one that is gone", () => {
  expect(uidOf(process.pid)).toBe(process.getuid?.());
  expect(titleOf(process.pid)).not.toBe("");
  expect(uidOf(2 ** 22 + 1)).toBeUndefined();
  expect(titleOf(2 ** 22 + 1)).toBe("");
});

test("many names are asked for at once, and mean the same as one by one", async () => {
  const names = await namesAskedOnce(
    ["root", "daemon", "nobody by that name", "0", "-u", ""],
    [1, 3_999_999_999],
  );
  expect(names.uidOf("root")).toBe(0);
  expect(names.uidOf("daemon")).toBe(1);
  expect(names.nameOf(1)).toBe("daemon");
  expect(names.nameOf(0)).toBe("root");
  for (const name of ["nobody by that name", "0", "-u", ""]) expect(names.uidOf(name)).toBeUndefined();
  expect(names.nameOf(3_999_999_999)).toBeUndefined();
  expect((await namesAskedOnce([], [])).nameOf(0)).toBeUndefined();
});
