// What an install tells of its changes.
import { expect, test } from "vitest";
import { brief } from "../../../src/console/brief.ts";

test("files are counted, and what decides who may log in is named", () => {
  expect(
    brief(
      [
        "create /usr/lib/afkill",
        "create /usr/lib/afkill/node",
        "create /etc/afkill/afkill.toml",
        "create /usr/lib/afkill/manifest.json",
        "create /etc/pam.d/afkill-sshd",
        "create /etc/ssh/sshd_config.d/50-afkill-pam.conf",
        "reload ssh.service",
      ],
      "pam",
    ),
  ).toEqual([
    "create 2 files in /usr/lib/afkill and 1 elsewhere (--verbose names them)",
    "hook pam: create /etc/pam.d/afkill-sshd, create /etc/ssh/sshd_config.d/50-afkill-pam.conf, reload ssh.service",
  ]);
});

test("an upgrade tells what it changed and what it removed", () => {
  expect(
    brief(
      ["change /usr/lib/afkill/watchdog", "remove /usr/lib/afkill/dist/x.js", "change /usr/sbin/afkill"],
      "pam",
    ),
  ).toEqual([
    "change 1 file in /usr/lib/afkill and 1 elsewhere, remove 1 file in /usr/lib/afkill (--verbose names them)",
  ]);
  expect(brief(["change /etc/logrotate.d/afkill"], "pam")).toEqual([
    "change 1 file outside /usr/lib/afkill (--verbose names them)",
  ]);
});

test("where only the hook changes, only the hook is told of", () => {
  expect(brief(["change /etc/pam.d/sshd", "change /usr/lib/afkill/manifest.json"], "pam")).toEqual([
    "hook pam: change /etc/pam.d/sshd",
  ]);
  expect(brief(["change /usr/lib/afkill/manifest.json"], "pam")).toEqual([]);
});

test("the service that only a locked terminal asks is no part of a hook", () => {
  expect(brief(["create /etc/pam.d/afkill", "create /etc/pam.d/afkill-sshd"], "pam")).toEqual([
    "create 1 file outside /usr/lib/afkill (--verbose names them)",
    "hook pam: create /etc/pam.d/afkill-sshd",
  ]);
});
