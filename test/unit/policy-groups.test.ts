import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { groupsOf } from "../../src/policy/groups.ts";

describe("groupsOf", () => {
  it("asks the system", async () => {
    const lines = execFileSync("getent", ["passwd"], { encoding: "utf8" }).trim().split("\n");
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines.slice(0, 12)) {
      const user = line.split(":")[0] ?? "";
      const expected = execFileSync("id", ["-Gn", user], { encoding: "utf8" }).trim().split(" ");
      expect(await groupsOf(user)).toEqual(expected);
    }
  });

  it("keeps a name with blanks whole, and does not take a nameless group for none", async () => {
    // A machine of its own as far as the names go: the files that NSS reads, seen only by this process tree.
    const script = `
      printf 'mallory:x:6001:6001::/:/bin/sh\\nnoname:x:6002:6999::/:/bin/sh\\n' >>"$1/passwd"
      printf 'domain users:x:6001:\\nnoidle staff:x:6003:mallory,noname\\n' >>"$1/group"
      mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/group" /etc/group
      exec "$2" --no-warnings --input-type=module -e '
        const { groupsOf } = await import(process.argv[1]);
        const answers = [];
        for (const user of ["mallory", "noname"]) answers.push(await groupsOf(user).catch((error) => error.message));
        console.log(JSON.stringify(answers));
      ' "$3"`;
    const directory = execFileSync("mktemp", ["-d"], { encoding: "utf8" }).trim();
    try {
      execFileSync("cp", ["/etc/passwd", "/etc/group", directory]);
      const module = new URL("../../src/policy/groups.ts", import.meta.url).pathname;
      const output = execFileSync(
        "unshare",
        ["--mount", "sh", "-ec", script, "sh", directory, process.execPath, module],
        { encoding: "utf8" },
      );
      const [mallory, noname] = JSON.parse(output);
      expect(mallory).toEqual(["domain users", "noidle staff"]);
      expect(noname).toMatch(/^the groups of noname are not known: .*cannot find name for group ID 6999/);
    } finally {
      execFileSync("rm", ["-r", directory]);
    }
  });

  it("fails for a user that the system does not know, whatever the name looks like", async () => {
    for (const user of ["no-such-user", "--help", "-u", "$(id)", "a b", ""])
      await expect(groupsOf(user)).rejects.toThrow(/^the groups of .* are not known: .*no such user/);
    await expect(groupsOf("a\0b")).rejects.toThrow(/are not known/);
  });

  it("hands id none of the environment", async () => {
    // With this, the dynamic loader prints a help text in the place of what the program would do.
    process.env.LD_DEBUG = "help";
    try {
      expect(await groupsOf("root")).toContain("root");
    } finally {
      delete process.env.LD_DEBUG;
    }
  });
});
