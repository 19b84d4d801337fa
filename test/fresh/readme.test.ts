// The first five minutes: README's own lines, on machines fresh from Debian's installer, from where people put a checkout.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import { checkout } from "../lab/boot.ts";

const releases = ["bookworm", "trixie", "sid"];
const places = ["home", "root", "srv"];
const combinations = releases.flatMap((release) => places.map((place) => ({ release, place })));

/** The commands of the first block of a chapter, where the clone that the machine was given stands for the repository. */
function linesOf(page: string, chapter: string): string[] {
  const text = readFileSync(join(checkout, page), "utf8");
  const [, block = ""] = new RegExp(`^## ${chapter}\n[^#]*?\`\`\`sh\n(.*?)\`\`\``, "ms").exec(text) ?? [];
  const lines = block.split("\n").filter((line) => line !== "");
  expect(lines.join("\n")).toContain("git clone <this repository> afkill && cd afkill");
  return lines.map((line) => line.replace("<this repository>", "./repository"));
}

/** Runs a script in the folder of the checkout, until a line of it fails, and returns what it said. */
async function run(release: string, place: string, lines: readonly string[]) {
  const script = ["set -ex", "cd ..", "mv afkill repository", ...lines].join("\n");
  const machine = spawn(join(checkout, "test/lab/fresh"), [release, place, `exec 2>&1\n${script}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void machine.kill());
  const status = new Promise((resolve) => machine.on("close", resolve));
  const said = await text(machine.stdout);
  return { said, status: await status };
}

/** What makes a fresh machine a host: an sshd, here one that its package does not start; and a client, which some releases have apart. */
const SSHD = [
  "printf '#!/bin/sh\\nexit 101\\n' | sudo tee /usr/sbin/policy-rc.d && sudo chmod 755 /usr/sbin/policy-rc.d",
  "sudo apt-get -qq update && sudo apt-get -qq install --no-install-recommends openssh-server openssh-client",
];
/** Who clones has git. */
const GIT = "sudo apt-get -qq update && sudo apt-get -qq install --no-install-recommends git";

describe.each(combinations)("$release $place", ({ release, place }) => {
  test("after the lines of the install from a checkout an idle login is warned and ended", async () => {
    const { said, status } = await run(release, place, [
      ...SSHD,
      ...linesOf("docs/commands.md", "Install from a checkout"),
      "sudo test/fresh/idle-login.sh",
    ]);
    expect(status, said).toBe(0);
    expect(said).toMatch(/closes in \d+ s, press a key to stay.*closed by remote host/s);
    expect(said).toMatch(/"action":"notice".*"action":"end".*"ended":true/s);
  });

  test("the demo of Try it shows a login being warned, kept and ended", async () => {
    const [clone = "", demo = ""] = linesOf("README.md", "Try it");
    const { said, status } = await run(release, place, [GIT, clone, demo]);
    expect(status, said).toBe(0);
    expect(said).toContain("A real login was warned, kept by a key, warned again, and ended.");
  });
});
