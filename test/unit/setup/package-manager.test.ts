// What dpkg and rpm print of a package whose files were changed. The texts are theirs.
import { expect, test } from "vitest";
import { changedFiles, manager } from "../../../src/setup/package-manager.ts";

const DPKG = `\
??5?????? c /etc/afkill/afkill.toml
missing     /usr/lib/afkill/hold
??5??????   /usr/lib/afkill/a file
`;

const RPM = `\
S.5......  c /etc/afkill/afkill.toml
missing   d /usr/share/man/man8/afkill.8.gz
missing     /usr/libexec/afkill/hold
S.5......    /usr/libexec/afkill/a file
.M.......    /usr/libexec/afkill/session
`;

test("dpkg and rpm name the programs that are not as the package has them; configuration and documentation are no programs", () => {
  expect(changedFiles(DPKG)).toEqual([
    { path: "/usr/lib/afkill/hold", isMissing: true },
    { path: "/usr/lib/afkill/a file", isMissing: false },
  ]);
  expect(changedFiles(RPM)).toEqual([
    { path: "/usr/libexec/afkill/hold", isMissing: true },
    { path: "/usr/libexec/afkill/a file", isMissing: false },
    { path: "/usr/libexec/afkill/session", isMissing: false },
  ]);
});

test.each(["", "package afkill is not installed\n", "dpkg-query: package 'afkill' is not installed\n"])(
  "%o is no answer",
  (said) => expect(changedFiles(said)).toBeUndefined(),
);

test("an edited policy alone is an answer: no program is changed", () => {
  expect(changedFiles("??5?????? c /etc/afkill/afkill.toml\n")).toEqual([]);
});

test("the RPM belongs to rpm, and every other package to dpkg", () => {
  expect([manager("/usr/libexec/afkill").name, manager("/usr/lib/afkill").name]).toEqual(["rpm", "dpkg"]);
});
