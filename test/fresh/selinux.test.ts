// The policy module for SELinux is compiled as docs/package.md says. A bare Debian has no SELinux to load it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkout } from "../lab/boot.ts";
import { onFresh } from "../support/fresh.ts";

/** The commands of the documentation. */
function linesOfDocs(): string[] {
  const docs = readFileSync(join(checkout, "docs/package.md"), "utf8");
  const [, block = ""] = /^## SELinux\n.*?```sh\n(.*?)```/ms.exec(docs) ?? [];
  const lines = block.trim().split("\n");
  expect(lines.length).toBe(6);
  return lines;
}

test.for(["bookworm", "trixie"])("with the tools of %s", async (release, { signal }) => {
  const [cd = "", compile = "", pack = ""] = linesOfDocs();
  const lines = [
    "exec 2>&1",
    "set -ex",
    "apt-get -qq update",
    "apt-get -qq install --no-install-recommends checkpolicy semodule-utils sudo",
    `mkdir -p ${cd.slice("cd ".length)} && cp /brought/* ${cd.slice("cd ".length)}`,
    cd,
    compile,
    pack,
    "semodule_unpackage /root/afkill.pp /tmp/afkill.mod /tmp/afkill.fc",
    "cmp /tmp/afkill.mod /root/afkill.mod && cmp /tmp/afkill.fc afkill.fc",
  ];
  const folder = join(checkout, "contrib/selinux");
  const { said, status } = await onFresh({ release, lines, folder, signal });
  expect(status, said).toBe(0);
});
