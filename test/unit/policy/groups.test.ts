import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { groupsOf } from "../../../src/policy/groups.ts";
import { testAsRoot } from "../../support/root.ts";

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

  testAsRoot(
    "keeps a name with blanks whole, and leaves out a group without a name, and no other",
    async () => {
      // A machine of its own as far as the names go: the files that NSS reads, seen only by this process tree.
      const script = `
      printf 'mallory:x:6001:6001::/:/bin/sh\\nnoname:x:6002:6999::/:/bin/sh\\n' >>"$1/passwd"
      printf 'domain users:x:6001:\\nnoidle staff:x:6003:mallory,noname\\n6998:x:6004:noname\\n' >>"$1/group"
      mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/group" /etc/group
      exec "$2" --no-warnings --input-type=module -e '
        const { groupsOf, groupsOfAll } = await import(process.argv[1]);
        const answers = [];
        for (const user of ["mallory", "noname"]) answers.push(await groupsOf(user).catch((error) => error.message));
        answers.push([...(await groupsOfAll(["noname", "root", "mallory"])).values()].map(String));
        console.log(JSON.stringify(answers));
      ' "$3"`;
      const directory = execFileSync("mktemp", ["-d"], { encoding: "utf8" }).trim();
      try {
        execFileSync("cp", ["/etc/passwd", "/etc/group", directory]);
        const module = new URL("../../../src/policy/groups.ts", import.meta.url).pathname;
        const output = execFileSync(
          "unshare",
          ["--mount", "sh", "-ec", script, "sh", directory, process.execPath, module],
          { encoding: "utf8" },
        );
        const [mallory, noname, together] = JSON.parse(output);
        expect(mallory).toEqual(["domain users", "noidle staff"]);
        // A name that is a number is a name all the same.
        expect(noname).toEqual(["noidle staff", "6998"]);
        expect(together).toEqual(["noidle staff,6998", "root", "domain users,noidle staff"]);
      } finally {
        execFileSync("rm", ["-r", directory]);
      }
    },
  );

  it("fails for a user that the system does not know, whatever the name looks like", async () => {
    for (const user of ["no-such-user", "--help", "-u", "$(id)", "a b", ""])
      await expect(groupsOf(user)).rejects.toThrow(/^the groups of .* are not known: .*no such user/);
    await expect(groupsOf("a\0b")).rejects.toThrow(/are not known/);
  });

  testAsRoot(
    "knows of no groups where id hangs, tells of none, or fails otherwise than for a nameless one",
    async () => {
      const answers = await withId(
        `case $3 in
        slow) exec sleep 60 ;;
        mute) exit 0 ;;
        half) printf 'staff\\0'; echo "id: failed to get groups for user 'half': Input/output error" >&2; exit 1 ;;
        dead) printf 'staff\\0'; kill -9 $$ ;;
        *) printf 'staff\\0'; echo 'id: cannot find name for group ID 7' >&2; exit 1 ;;
      esac`,
        `const answers = {};
      for (const user of ["slow", "mute", "half", "dead", "fine"])
        answers[user] = await groupsOf(user, 1000).catch((error) => error.message);
      console.log(JSON.stringify(answers));`,
      );
      expect(answers).toEqual({
        slow: "the groups of slow are not known: id gave no answer in 1 s",
        mute: "the groups of mute are not known: id printed none",
        half: "the groups of half are not known: id: failed to get groups for user 'half': Input/output error",
        dead: expect.stringMatching(/^the groups of dead are not known: /),
        fine: ["staff"],
      });
    },
  );

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

/** What a program prints that asks for groups where /usr/bin/id is this script. */
async function withId(id: string, program: string): Promise<unknown> {
  const directory = execFileSync("mktemp", ["-d"], { encoding: "utf8" }).trim();
  try {
    writeFileSync(`${directory}/id`, `#!/bin/sh\n${id}\n`, { mode: 0o755 });
    const module = new URL("../../../src/policy/groups.ts", import.meta.url).pathname;
    const script = `mount --bind "$1/id" /usr/bin/id; exec "$2" --no-warnings --input-type=module -e "$3"`;
    const text = `const { groupsOf } = await import(${JSON.stringify(module)});\n${program}`;
    const args = ["--mount", "sh", "-ec", script, "sh", directory, process.execPath, text];
    return JSON.parse(execFileSync("unshare", args, { encoding: "utf8" }));
  } finally {
    execFileSync("rm", ["-r", directory]);
  }
}
