// What makes the copy of env(1) where a package has brought the programs.
import { expect, test } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";

const COPY = "/usr/lib/afkill/copy-env";
const ENV = "/usr/lib/afkill/env";

/** The copy, and whatever lies beside it under a name of its own. */
const stateOf = (lab: Lab) =>
  lab.must(`stat -c '%i %a %U %G' ${ENV}; sha256sum ${ENV}; ls -A /usr/lib/afkill`);

test("the copy has its group and its mode before it has its name, and nothing else is left", async () => {
  await using lab = await startLab({ hook: "pam" });
  const [names] = (await stateOf(lab)).split("\n").slice(2);
  await lab.must(`
    groupadd --system afkill && mv /usr/bin/mv /usr/bin/mv-real
    printf '#!/bin/sh\\nstat -c "%%a %%U %%G %%s" "$2"\\nexec /usr/bin/mv-real "$@"\\n' >/usr/bin/mv
    chmod 755 /usr/bin/mv
    echo '# another version' >>/usr/bin/env`);
  const size = (await lab.must("stat -c %s /usr/bin/env")).trim();
  expect(await lab.must(COPY)).toBe(`2710 root afkill ${size}\n`);
  expect(await lab.must(`cmp /usr/bin/env ${ENV}; stat -c '%a %U %G' ${ENV}`)).toBe("2710 root afkill\n");
  expect((await stateOf(lab)).split("\n")[2]).toBe(names);
  expect(await lab.run("ssh root@lab 'exit 23'")).toMatchObject({ status: 23 });
});

const NO_PROGRAM =
  /^afkill: \/usr\/bin\/env is not a program; install coreutils and run \/usr\/lib\/afkill\/copy-env again\n$/;

test.each([
  ["there is no group afkill", ":", /invalid group: .afkill/],
  [
    "env is a script",
    "groupadd --system afkill; mv /usr/bin/env /usr/bin/env-real; echo '#!/bin/sh' >/usr/bin/env; chmod 755 /usr/bin/env",
    NO_PROGRAM,
  ],
  ["there is no env", "groupadd --system afkill; rm /usr/bin/env", NO_PROGRAM],
])("where %s, it says so and leaves the copy as it was", async (_, cause, said) => {
  await using lab = await startLab({ hook: "pam" });
  await lab.must(cause);
  const before = await stateOf(lab);
  const ran = await lab.run(COPY);
  expect(ran).toMatchObject({ status: 1, stderr: expect.stringMatching(said) });
  expect(await stateOf(lab)).toBe(before);
});
