// A Node of an administrator's beside that of the Debian package.
import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { checkout } from "../lab/boot.ts";
import { HOST, onFresh } from "../support/fresh.ts";

const folder = mkdtempSync(join(tmpdir(), "afkill-package-node-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Says that it is the Node of /tmp/version, and is the one at /tmp/own. */
const NODE = `
  #include <stdio.h>
  #include <string.h>
  #include <unistd.h>
  int main(int argc, char **argv) {
    char version[40] = "";
    if (argc != 2 || strcmp(argv[1], "--version")) return execv(argv[0] = "/tmp/own", argv);
    FILE *file = fopen("/tmp/version", "r");
    return !file || !fgets(version, sizeof version, file) || fputs(version, stdout) < 0;
  }`;

test("it stays in upgrades until the package has a newer one, and goes with an uninstall", async ({
  signal,
}) => {
  const run = promisify(execFile);
  const { stdout } = await run(join(checkout, "scripts/package"), { maxBuffer: 1 << 26 });
  const [path = ""] = /\S+\.deb$/m.exec(stdout) ?? [];
  copyFileSync(path, join(folder, "afkill.deb"));
  writeFileSync(join(folder, "node.c"), NODE);
  await run("gcc", ["-static", "-o", join(folder, "node"), join(folder, "node.c")]);
  copyFileSync(join(checkout, "test/fresh/package-node.sh"), join(folder, "package-node.sh"));
  const lines = [...HOST, "/brought/package-node.sh /brought/afkill.deb /brought/node"];
  const { said, status } = await onFresh({ release: "bookworm", lines, folder, signal });
  expect(status, said).toBe(0);
  expect(said).toMatch(/dpkg keeps both\n$/);
});
