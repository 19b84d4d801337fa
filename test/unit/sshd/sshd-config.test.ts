import { expect, test } from "vitest";
import { findChroots, findOtherCommands, findUnknownKeys } from "../../../src/setup/sshd-findings.ts";
import {
  type Directive,
  includesDropIn,
  keyFilePatterns,
  readConfig,
} from "../../../src/sshd/sshd-config.ts";
import { DROP_IN } from "../../../src/system/paths.ts";

function configOf(main: string, others: Record<string, string> = {}): Directive[] {
  const files: Record<string, string> = { "/etc/ssh/sshd_config": main, ...others };
  return readConfig({
    read: (file) => files[file] ?? "",
    glob: (pattern) => Object.keys(files).filter((file) => file.startsWith(pattern.replace("*.conf", ""))),
  });
}

test("directives, with the block that they stand in", () => {
  const config = configOf(
    'PORT=22\n# c\n  AllowUsers "a b" c # d\nMatch User x\nInclude d/*.conf\nForceCommand a\nMatch all\nX11Forwarding no\n',
    { "/etc/ssh/d/1.conf": "Banner none\nMatch User y\nBanner /a\n" },
  );
  expect(config).toMatchObject([
    { keyword: "port", args: ["22"], block: 0, line: 1 },
    { keyword: "allowusers", args: ["a b", "c"], block: 0, line: 3 },
    { keyword: "match", args: ["User", "x"], block: 1 },
    { keyword: "include", block: 1 },
    { keyword: "banner", args: ["none"], block: 1, file: "/etc/ssh/d/1.conf" },
    { keyword: "match", block: 2 },
    { keyword: "banner", args: ["/a"], block: 2 },
    { keyword: "forcecommand", block: 1, file: "/etc/ssh/sshd_config" },
    { keyword: "match", args: ["all"], block: 3 },
    { keyword: "x11forwarding", block: 3 },
  ]);
});

test("a file that includes itself does not hold us up", () => {
  expect(configOf("Include sshd_config\n").length).toBe(17);
});

test.each([
  ["Include /etc/ssh/sshd_config.d/*.conf", true],
  ["include sshd_config.d/*", true],
  ["Include other.d/*.conf sshd_config.d/50-*.conf", true],
  ["Include /etc/ssh/sshd_config.d/*.local", false],
  ["#Include /etc/ssh/sshd_config.d/*.conf", false],
  ["Match User a\nInclude /etc/ssh/sshd_config.d/*.conf", false],
  ["Include sshd_config.d/5[0-9]-af?ill.conf", true],
  ["Include sshd_config.d/[!5]*.conf", false],
  ["Include sshd_config.d/50-afkill+conf", false],
  ["Include sshd_config?d/50-afkill.conf", true],
  ["Include /etc/ssh/*", false],
  ["Port 22", false],
])("%j reads the drop-in: %s", (text, is) => expect(includesDropIn(configOf(text))).toBe(is));

test("key files of every block, and the default where no general one is set", () => {
  const usual = [".ssh/authorized_keys", ".ssh/authorized_keys2"];
  expect(keyFilePatterns(configOf(""))).toEqual(usual);
  expect(
    keyFilePatterns(configOf("AuthorizedKeysFile /k/%u .k\nMatch User a\nAuthorizedKeysFile /m")),
  ).toEqual(["/k/%u", ".k", "/m"]);
  expect(keyFilePatterns(configOf("Match User a\nAuthorizedKeysFile /m"))).toEqual(["/m", ...usual]);
});

test("sources of keys that cannot be read", () => {
  const text = "TrustedUserCAKeys none\nAuthorizedKeysCommand none\nMatch User a\ntrustedusercakeys /ca\n";
  expect(findUnknownKeys(configOf(text)).map(({ where }) => where)).toEqual(["/etc/ssh/sshd_config:4"]);
  expect(findUnknownKeys(configOf("AuthorizedKeysCommand /x %u\n"))).toHaveLength(1);
});

test("a Match block's own command counts only against a scope; ours never", () => {
  const config = configOf(
    "Include sshd_config.d/*.conf\nForceCommand a\nMatch User b\nForceCommand internal-sftp\n",
    {
      [DROP_IN]: "ForceCommand exec /usr/lib/afkill/forced-command\n",
    },
  );
  const lines = (scoped: boolean) => findOtherCommands(config, scoped).map(({ where }) => where);
  expect(lines(false)).toEqual(["/etc/ssh/sshd_config:2"]);
  expect(lines(true)).toEqual(["/etc/ssh/sshd_config:2", "/etc/ssh/sshd_config:4"]);
  expect(findOtherCommands(configOf("ForceCommand none\n"), false)).toEqual([]);
});

test("a chroot counts unless its block forces a command", () => {
  const text =
    "Match User a\nChrootDirectory /a\nForceCommand internal-sftp\nMatch User b\nChrootDirectory %h\n";
  expect(findChroots(configOf(text)).map(({ where }) => where)).toEqual(["/etc/ssh/sshd_config:5"]);
  expect(findChroots(configOf("ChrootDirectory none\n"))).toEqual([]);
  expect(findChroots(configOf("ChrootDirectory /c\n"))).toHaveLength(1);
});
