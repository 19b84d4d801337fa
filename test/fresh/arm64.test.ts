// The package for arm64, on an emulated machine of that kind.
import { execFileSync, spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkout } from "../lab/boot.ts";

/** Where the packages are made that the emulator needs: Debian has it for these machines. */
const isEmulated = process.arch === "x64";

test.runIf(isEmulated)("after dpkg -i on arm64 an idle login is warned and ended", () => {
  execFileSync(join(checkout, "scripts/package"), ["--arch", "arm64"], { stdio: ["ignore", "ignore", 2] });
  const [debian = ""] = globSync(join(checkout, "build/afkill_*_arm64.deb"));
  const commands = [
    "set -e",
    "dpkg --print-architecture",
    "dpkg -i /afkill_*.deb",
    "afkill install --hook pam",
    "afkill doctor",
    "afkill list",
    readFileSync(join(checkout, "test/fresh/idle-login.sh"), "utf8"),
  ];
  const ran = spawnSync(join(checkout, "test/lab/arm64"), [debian, commands.join("\n")], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", 2],
  });
  expect(ran.status, ran.stdout).toBe(0);
  expect(ran.stdout).toMatch(/^arm64$/m);
  expect(ran.stdout).toContain("0 errors, 0 warnings");
  expect(ran.stdout).toContain("no logins");
  expect(ran.stdout).toMatch(/closes in \d+ s, press a key to stay.*closed by remote host/s);
  expect(ran.stdout).toMatch(/"action":"notice".*"action":"end".*"ended":true/s);
});
