import { expect, test } from "vitest";
import type { Manifest } from "../../../src/setup/manifest.ts";
import { hookPartOf } from "../../../src/setup/packaged.ts";

test("of an install that a package has replaced only the hooks are remembered, and the one directory that a hook makes", () => {
  const entry = <Role extends string>(role: Role) => ({ path: `/${role}`, role, digest: "" });
  const others = [entry("program"), entry("policy"), entry("logrotate"), entry("shared")];
  const hooks = [
    { ...entry("pam"), original: { content: "", mode: 0o644, uid: 0, gid: 0, mtimeMs: 1 } },
    entry("pam-service"),
    entry("force-command"),
    entry("profile"),
  ];
  const manifest: Manifest = {
    version: 1,
    files: [...others, ...hooks],
    directories: ["/usr/lib/afkill", "/usr/lib/afkill/dist", "/etc/afkill", "/etc/ssh/sshd_config.d"],
    hooks: [{ hook: "force-command", match: "User a", acceptForcedKeys: true, wrap: false }],
    // The package has brought its own.
    node: { version: "26.12.1", placed: "2026-11-28" },
  };
  const rest = { version: 1, files: hooks, directories: ["/etc/ssh/sshd_config.d"], hooks: manifest.hooks };
  expect(hookPartOf(manifest, false)).toEqual(rest);
  // An administrator has put in another one since.
  const node = { ...entry("program"), path: "/usr/lib/afkill/node" };
  const withNode = { ...manifest, files: [node, ...manifest.files] };
  expect(hookPartOf(withNode, true)).toEqual({ ...rest, files: [node, ...hooks], node: manifest.node });
  expect(hookPartOf(withNode, false)).toEqual(rest);
});
