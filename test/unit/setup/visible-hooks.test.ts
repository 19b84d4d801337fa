import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PAM_RULE } from "../../../src/setup/pam-file.ts";
import { visibleHooks } from "../../../src/setup/visible-hooks.ts";

const host = vi.hoisted(() => ({ directory: "" }));
vi.mock("../../../src/system/paths.ts", async (original) => ({
  ...(await original<object>()),
  get PAM_DIRECTORY() {
    return join(host.directory, "pam.d");
  },
  get DROP_IN() {
    return join(host.directory, "drop-in.conf");
  },
  get PROFILE() {
    return join(host.directory, "profile.sh");
  },
}));

beforeEach(() => {
  host.directory = mkdtempSync(join(tmpdir(), "afkill-hooks-"));
  mkdirSync(join(host.directory, "pam.d", "directory"), { recursive: true });
});
afterEach(() => rmSync(host.directory, { recursive: true }));

const write = (name: string, text = "") => writeFileSync(join(host.directory, name), text);

test("each hook is seen by its file, the pam hook by its line in any service", () => {
  expect(visibleHooks()).toEqual([]);
  write("profile.sh");
  write("pam.d/sshd", "auth required pam_unix.so\n");
  expect(visibleHooks()).toEqual(["profile"]);
  write("drop-in.conf");
  write("pam.d/another", `auth required pam_unix.so\n${PAM_RULE}\n`);
  expect(visibleHooks()).toEqual(["pam", "force-command", "profile"]);
});

test("a line that is a comment, and a service that cannot be understood, are no hook", () => {
  write("pam.d/sshd", `#${PAM_RULE}\n`);
  write("pam.d/broken", `what is this\n${PAM_RULE}\n`);
  expect(visibleHooks()).toEqual([]);
});

test("a host without PAM has no pam hook", () => {
  rmSync(join(host.directory, "pam.d"), { recursive: true });
  expect(visibleHooks()).toEqual([]);
});
