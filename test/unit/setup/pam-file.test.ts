import fc from "fast-check";
import { expect, test } from "vitest";
import { insertRule, PAM_RULE, parsePam, removeRule } from "../../../src/setup/pam-file.ts";

const none = (name: string): string => {
  throw new Error(`${name} was not to be read`);
};

test("rules are read as libpam reads them", () => {
  const text = [
    "# a comment that ends in a backslash \\",
    "",
    "-Session [success=ok ignore=ignore default=bad] \\",
    "   pam_selinux.so close  # at the end",
    "auth\trequired pam_x.so [a b \\] c] d",
    "@include common-account",
    "session include other",
  ].join("\n");
  expect(parsePam(text)).toMatchObject([
    {
      type: "session",
      control: "[success=ok ignore=ignore default=bad]",
      module: "pam_selinux.so",
      args: ["close"],
      line: 3,
    },
    { type: "auth", module: "pam_x.so", args: ["[a b \\] c]", "d"], line: 5 },
    { type: "@include", module: "common-account", line: 6 },
    { type: "session", control: "include", module: "other", line: 7 },
  ]);
});

test.each([
  ["nonsense required pam_x.so", 1, "expected auth, account, password or session, got nonsense"],
  ["auth required pam_x.so\nsession\n", 2, "expected a control such as required, got nothing"],
  ["session sometimes pam_x.so", 1, "expected a control such as required, got sometimes"],
  ["session optional\n", 1, "expected a module, got nothing"],
  ["session [success=ok pam_x.so", 1, "a [ without its ]"],
  ["session [] pam_x.so", 1, "expected a control such as required, got []"],
  ["session optional pam_x.so \\", 1, "the last line ends in a backslash"],
  ["session optional \\\n# comment\npam_x.so", 2, "the line after a backslash is empty or a comment"],
  ["session optional \\\n\npam_x.so", 2, "the line after a backslash is empty or a comment"],
  ["session optional \\ \npam_x.so", 1, "there are blanks or a comment after the backslash"],
  ["@include", 1, "@include takes one file"],
  ["@include a b", 1, "@include takes one file"],
])("%j is refused", (text, line, message) => {
  expect(() => parsePam(text)).toThrow(expect.objectContaining({ line, message }));
});

test("the rule goes before the first session rule, not before a comment that begins alike", () => {
  const before =
    "auth required a.so\n# session rules:\nsession  \\\n  required b.so\nsession optional c.so\n";
  expect(insertRule(before, none)).toBe(
    `auth required a.so\n# session rules:\n${PAM_RULE}\nsession  \\\n  required b.so\nsession optional c.so\n`,
  );
});

test("it goes before an include that brings session rules, however deep, and after one that does not", () => {
  const files: Record<string, string> = {
    account: "account required a.so\n",
    outer: "auth required a.so\n@include inner\n",
    inner: "-session optional b.so\n",
  };
  const read = (name: string) => files[name] ?? none(name);
  const before = "@include account\n@include outer\nsession required c.so";
  expect(insertRule(before, read)).toBe(
    `@include account\n${PAM_RULE}\n@include outer\nsession required c.so`,
  );
  expect(() => insertRule("@include self\n", () => "@include self\n")).toThrow("self includes itself");
  expect(() => insertRule("@include broken\n", () => "oops\n")).toThrow(
    "in broken, line 1: expected auth, account, password or session, got oops",
  );
});

test("a file without session rules gets it at its end", () => {
  expect(insertRule("auth required a.so", none)).toBe(`auth required a.so\n${PAM_RULE}\n`);
  expect(insertRule("", none)).toBe(`${PAM_RULE}\n`);
});

test("a rule of afkill's in another place, or of another shape, is moved and mended", () => {
  const elsewhere = `session required a.so\nsession required pam_exec.so \\\n  /usr/lib/afkill/session\n`;
  expect(insertRule(elsewhere, none)).toBe(`${PAM_RULE}\nsession required a.so\n`);
  expect(removeRule(elsewhere)).toBe("session required a.so\n");
});

const line = fc.constantFrom(
  "# session is a comment",
  "",
  "  \t",
  "auth required a.so # session",
  "session required pam_a.so x [y z]",
  "-session optional \\\n\tpam_b.so",
  "account [default=1 success=ok] pam_c.so",
  "SESSION include \\\n other",
);

test("to insert and to remove give the file back; nothing else in it is touched; twice is once", () => {
  fc.assert(
    fc.property(fc.array(line), fc.constantFrom("", "\n"), (lines, end) => {
      const text = lines.join("\n") + end;
      const after = insertRule(text, none);
      expect(insertRule(after, none)).toBe(after);
      const meaning = (of: string) => parsePam(of).map(({ type, module, args }) => [type, module, ...args]);
      const sessions = meaning(after).filter(([type]) => type === "session");
      expect(sessions[0]).toEqual(["session", "pam_exec.so", ...PAM_RULE.split(" ").slice(3)]);
      expect(meaning(removeRule(after))).toEqual(meaning(text));
      if (text === "" || text.endsWith("\n") || meaning(text).some(([type]) => type === "session"))
        expect(removeRule(after)).toBe(text);
    }),
  );
});
