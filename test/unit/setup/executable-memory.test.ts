// The file that tells whether a process may make memory executable, asked of the real loader.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { executableMemoryProbe } from "../../../src/setup/executable-memory.ts";

const directory = mkdtempSync(join(tmpdir(), "afkill-probe-"));
afterAll(() => rmSync(directory, { recursive: true }));
const probe = join(directory, "probe.so");
writeFileSync(probe, executableMemoryProbe());

const DENY = ["/usr/bin/python3", resolve(import.meta.dirname, "../../lab/no-exec.py")];
/** Linux before 6.3 cannot deny it so. */
const canDeny = spawnSync(DENY[0] ?? "", [...DENY.slice(1), "true"]).status === 0;

/** What a program that preloads the file says, and its status. The denial comes first: python is none of it. */
function preload(...deny: string[]) {
  const [path = "", ...args] = [...deny, "/usr/bin/env", `LD_PRELOAD=${probe}`, "/bin/true"];
  const { status, stderr } = spawnSync(path, args, { encoding: "utf8", env: { LC_ALL: "C" } });
  return { status, stderr };
}

test("the loader takes it where memory may be made executable", () => {
  expect(preload()).toEqual({ status: 0, stderr: "" });
});

test.skipIf(!canDeny)("the loader says that it cannot map it where that is denied", () => {
  const { status, stderr } = preload(...DENY);
  expect(status).toBe(0);
  expect(stderr).toContain(`'${probe}' from LD_PRELOAD cannot be preloaded (failed to map segment`);
});

test.each([
  ["x64", 62],
  ["arm64", 183],
])("it is made for the machine: %s", (arch, machine) => {
  expect(executableMemoryProbe(arch).readUInt16LE(18)).toBe(machine);
});
