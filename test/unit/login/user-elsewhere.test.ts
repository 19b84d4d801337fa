// Users that the system's resolver knows and the host's own passwd(5) does not, as those of a directory server.
import { expect, test, vi } from "vitest";
import { namesAskedOnce } from "../../../src/login/user.ts";

vi.mock(import("node:fs"), async (original) => {
  const fs = await original();
  const passwd = "root:x:0:0::/root:/bin/sh\nbin:x:4711:0::/:/bin/sh\n+::::::\n";
  const read = (path: string, options: "utf8") =>
    path === "/etc/passwd" ? passwd : fs.readFileSync(path, options);
  return { ...fs, readFileSync: read as typeof fs.readFileSync };
});

test("who is not among the host's own users is asked for", async () => {
  const names = await namesAskedOnce(["root", "daemon"], [0, 1, 4711]);
  expect([names.uidOf("root"), names.uidOf("daemon")]).toEqual([0, 1]);
  expect([names.nameOf(0), names.nameOf(1), names.nameOf(4711)]).toEqual(["root", "daemon", "bin"]);
});

test("a name that means another uid here does not hide whose uid it is", async () => {
  const names = await namesAskedOnce(["bin"], [2]);
  expect([names.uidOf("bin"), names.nameOf(2)]).toEqual([4711, "bin"]);
});
