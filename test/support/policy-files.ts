import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach } from "vitest";

const made: string[] = [];
afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true });
});

/** Writes the files of a policy, names relative to a directory of their own, which goes after the test. Returns that directory. */
export function policyFiles(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), "afkill-policy-"));
  made.push(directory);
  for (const [name, text] of Object.entries(files)) {
    const file = join(directory, name);
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    writeFileSync(file, text, { mode: 0o644 });
  }
  return directory;
}

/** A policy of three files that set one another's keys. */
export const THREE_FILES = {
  "afkill.toml": `idle_timeout = "20m"
warn_before = ["5m", "1m"]
no_terminal = "1h"

[exempt]
groups = ["noidle"]
users = [
  "deploy",
  "backup",
]
`,
  "afkill.d/10-staff.toml": `# staff
idle_timeout = "15m"
exempt.groups = ["robots"]
[[rule]]
match = { groups = ["staff"], from = ["10.0.0.0/8", "2001:db8::/32"] }
idle_timeout = "30m"

[[rule]]
match.users = ["root"]
max_login = "8h"
idle_timeout = "5m"
`,
  "afkill.d/20-site.toml": `busy_max = "2h"
rule = [{ match = { groups = ["guests"] }, no_terminal = "10m" }, { match = {} }]
`,
} as const;
