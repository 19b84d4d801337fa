// `afkill install --node`: another Node is tried, put in place, kept by later installs, and logins do not notice.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { stateOf } from "../support/install.ts";
import { atPrompt, auditWithEnd, expectEndOnTime, policyOfSeconds, type } from "../support/logins.ts";

/** That of the pinned Node, which runs the tests too. */
const version = process.versions.node;
const MAJOR = Number.parseInt(version, 10);
const INSTALLED = "/usr/lib/afkill/node";
const NEWER = "/root/newer/bin/node";

/**
 * Makes a build in /root/build that says it was made for an older Node, and installs it. For that build the pinned Node is a newer one. One
 * more byte at its end makes it another file.
 */
async function installOlder(lab: Lab, policy = ""): Promise<void> {
  if (policy !== "") await lab.writePolicy(policy);
  const own = `${lab.checkout}/node_modules/node-linux-${process.arch}/bin/node`;
  await lab.must(`
    mkdir -p /root/build ${NEWER.replace("/node", "")}
    cp -r ${lab.checkout}/dist /root/build/ && ln -s ${lab.checkout}/node_modules /root/build/
    ${saysItIsFor("/root/build/dist", `${MAJOR - 1}.9.0`)}
    cp ${own} ${NEWER} && echo >>${NEWER}
    echo '## 2026-01-02, Version ${version} (Current), @somebody' >/root/newer/CHANGELOG.md
    ${FROM_BUILD(lab)}`);
}

const FROM_BUILD = (lab: Lab) => `${lab.node} /root/build/dist/cli.js install --hook pam`;
const saysItIsFor = (dist: string, other: string) =>
  `sed -i '/"node"/,$ s/"version": "[^"]*"/"version": "${other}"/' ${dist}/build.json`;

async function recorded(lab: Lab): Promise<unknown> {
  return JSON.parse(await lab.read("/usr/lib/afkill/manifest.json")).node;
}

/** Whether the installed Node takes the V8 code of the installed programs. */
async function takenCode(lab: Lab): Promise<string> {
  await lab.write(
    "/root/taken.cjs",
    `const { readdirSync, readFileSync } = require("node:fs"), { Script } = require("node:vm");
     process.chdir("/usr/lib/afkill/dist");
     for (const name of readdirSync(".").filter((it) => it.endsWith(".code"))) {
       const code = readFileSync(name), bundle = readFileSync(name.replace(".code", ".cjs"), "utf8");
       const cachedData = code.subarray(0, code.length / 2);
       const { cachedDataRejected } = new Script(require("node:module").wrap(bundle), { cachedData });
       console.log(cachedDataRejected ? "refused" : "taken");
     }`,
  );
  return lab.must(`${INSTALLED} /root/taken.cjs`);
}

test("a newer Node is put in; logins before and after are warned and ended; later installs keep the newer one", async () => {
  await using lab = await startLab();
  await lab.addUser("visitor");
  await lab.addUser("late");
  const before = await stateOf(lab);
  await installOlder(lab, policyOfSeconds());
  const ssh = await atPrompt(lab, "visitor");
  const typedAt = type(ssh, "true\r");

  const installed = await stateOf(lab);
  const preview = await lab.must(`cd /root/newer/bin && /usr/sbin/afkill install --node node --dry-run`);
  expect(preview).toMatch(
    /^would change \/usr\/lib\/afkill\/node\n(would change \/usr\/lib\/afkill\/dist\/\w+-main-\w+\.code\n){2}would change \/usr\/lib\/afkill\/manifest\.json\n$/,
  );
  expect(await stateOf(lab)).toBe(installed);

  const said = await lab.must(`/usr/sbin/afkill install --node ${NEWER}`);
  expect(said).toContain(`Node ${version} is in place: each check starts with it from now on\n`);
  await lab.must(`cmp ${NEWER} ${INSTALLED}`);
  expect(await lab.must(`stat -c '%a %U %G' ${INSTALLED}; ls -A /usr/lib/afkill | grep '^[.]' || :`)).toBe(
    "755 root root\n",
  );
  expect(await recorded(lab)).toEqual({
    version,
    released: "2026-01-02",
    placed: expect.stringMatching(/^20/),
  });
  expect(await takenCode(lab)).toBe("taken\ntaken\n");
  expect(await lab.must(`/usr/sbin/afkill install --node ${NEWER}`)).toBe(
    `nothing to change: this Node, ${version}, is in place\n`,
  );
  const doctor = JSON.parse(await lab.must("/usr/sbin/afkill doctor --json"));
  expect(doctor.ages.node).toMatchObject({ version, since: "2026-01-02", placed: expect.any(String) });
  expect(doctor.findings.filter(({ level }: { level: string }) => level === "error")).toEqual([]);

  const later = await atPrompt(lab, "late");
  const laterTypedAt = type(later, "true\r");
  await Promise.all([expectEndOnTime(ssh, typedAt), expectEndOnTime(later, laterTypedAt)]);
  for (const user of ["visitor", "late"])
    expect((await auditWithEnd(lab, user)).map(({ action }) => action)).toEqual(["notice", "notice", "end"]);

  const stays = `note: Node ${version} stays: an administrator put it in, and this build has ${MAJOR - 1}.9.0\n`;
  expect(await lab.must(FROM_BUILD(lab))).toBe(`${stays}nothing to change: hook pam is installed\n`);
  expect(await lab.must("/usr/sbin/afkill install --hook pam")).toMatch(`${stays}nothing to change`);
  // An upgrade with another bundle: its V8 code is that of the Node that stays.
  await lab.must(`cd /root/build/dist && mv check-main-*.cjs check-main-00000000.cjs
    mv check-main-*.code check-main-00000000.code && echo >check-main-00000000.code
    sed -i 's/check-main-[0-9a-f]*/check-main-00000000/' check.js`);
  expect(await lab.must(`${FROM_BUILD(lab)} --verbose`)).toContain(
    "create /usr/lib/afkill/dist/check-main-00000000.code\n",
  );
  expect(await takenCode(lab)).toBe("taken\ntaken\n");
  await lab.must(`cmp ${NEWER} ${INSTALLED}`);
  expect(await recorded(lab)).toMatchObject({ version });

  // The checkout's build has a Node that is as new.
  const upgraded = await lab.install("pam");
  expect(upgraded).toContain(
    `note: Node ${version}, which an administrator put in, is replaced by ${version} of this build: it is not newer\n`,
  );
  await lab.must(`cmp ${lab.node} ${INSTALLED}`);
  expect(await recorded(lab)).toBeUndefined();

  await lab.must("/usr/sbin/afkill uninstall --purge");
  expect(await stateOf(lab)).toBe(before);
});

/** A program in C that behaves as the pinned Node, but for what `first` does. */
const asNode = (lab: Lab, first: string) => `
  #include <stdio.h>
  #include <string.h>
  #include <unistd.h>
  #include <grp.h>
  int main(int argc, char **argv) {
    char all[4096] = "";
    for (int at = 1; at < argc; at++) strncat(strcat(all, " "), argv[at], 500);
    ${first}
    argv[0] = "${lab.checkout}/node_modules/node-linux-${process.arch}/bin/node";
    return execv(argv[0], argv);
  }`;

describe("refused, and nothing is changed:", () => {
  let lab: Lab;
  let state = "";
  beforeAll(async () => {
    lab = await startLab();
    await installOlder(lab);
    await lab.must("mkdir /root/f && cd /root/f && mkfifo pipe && ln -s /usr/bin/true link && : >empty");
    state = await stateOf(lab);
  });
  afterAll(() => lab.stop());

  async function mustRefuse(file: string, says: RegExp | string): Promise<void> {
    const ran = await lab.run(`/usr/sbin/afkill install --node ${file}`);
    expect(ran).toMatchObject({ status: 1, stderr: expect.stringMatching(/^afkill: [^\n]*\n$/) });
    if (typeof says === "string") expect(ran.stderr).toContain(says);
    else expect(ran.stderr).toMatch(says);
    expect(await stateOf(lab)).toBe(state);
  }

  const files: Record<string, { file: string; says: RegExp | string }> = {
    "no file": { file: "/root/f/none", says: "/root/f/none cannot be read: ENOENT" },
    "a link": { file: "/root/f/link", says: "is a symbolic link; name what it leads to: readlink -f" },
    "a pipe": { file: "/root/f/pipe", says: "/root/f/pipe is not a regular file" },
    "a directory": { file: "/root/f", says: "/root/f is not a regular file" },
    "an empty file": { file: "/root/f/empty", says: "/root/f/empty is not a program for this machine" },
    "a script": { file: "/usr/lib/afkill/watchdog", says: "is not a program for this machine" },
    "another program": { file: "/usr/bin/env", says: /is not a release of Node: its --version prints env / },
  };
  test.each(Object.entries(files))("%s", (_, { file, says }) => mustRefuse(file, says));

  const programs: Record<string, { first: string; says: RegExp | string }> = {
    // What it is run as is seen, too.
    "what prints something else": {
      first: 'return printf("uid %d gid %d groups %d", getuid(), getgid(), getgroups(0, 0)) < 0;',
      says: "its --version prints uid 65534 gid 65534 groups 0; name a Node",
    },
    "a nightly build": {
      first: 'return puts("v99.0.0-nightly20261021abcdef") < 0;',
      says: "is not a release of Node",
    },
    "an old Node": {
      first: 'if (strstr(all, "--version")) return puts("v18.19.0") < 0;',
      says: `is Node 18.19.0, and this afkill needs ${MAJOR - 1}.9.0, which it was built for, or newer; name a newer one`,
    },
    "what only knows its version": {
      first: 'if (strcmp(all, " --version")) return puts("v99.0.0") < 0;',
      says: "cannot be used: with it the command does not run (v99.0.0)",
    },
    "what cannot run a check": {
      first: 'if (strstr(all, "check.js")) { fputs("no such thing", stderr); return 1; }',
      says: "cannot be used: with it a check does not run (no such thing)",
    },
    "what cannot load a native module": {
      first: 'if (strstr(all, "koffi.node")) return 1;',
      says: "cannot be used: with it the native modules do not load",
    },
    "what hangs": { first: "for (;;) pause();", says: /does not start: .*ETIMEDOUT/ },
    "what fails only once it is in place": {
      first: 'if (getuid() == 0 && strstr(all, "check.js")) return 1;',
      says: "with it a check does not run (it ended with status 1); everything was put back as it was",
    },
  };
  test.each(Object.entries(programs))("%s", async (_, { first, says }) => {
    await lab.write("/root/f/program.c", asNode(lab, first));
    await lab.must("cd /root/f && gcc -o program program.c");
    await mustRefuse("/root/f/program", says);
  });

  test("a program directory that others can write to", async () => {
    await lab.must("chmod 777 /usr/lib/afkill");
    const ran = await lab.run(`/usr/sbin/afkill install --node ${NEWER}`);
    await lab.must("chmod 755 /usr/lib/afkill");
    expect(ran).toMatchObject({ status: 1, stdout: "" });
    expect(ran.stderr).toMatch(/^afkill: \/usr\/lib\/afkill can be written /);
    expect(await stateOf(lab)).toBe(state);
  });

  test("a user", async () => {
    await lab.addUser("visitor");
    const ran = await lab.run(`afkill install --node ${NEWER}`, { user: "visitor" });
    expect(ran).toMatchObject({ status: 1, stderr: expect.stringContaining("install needs root") });
  });
});

test("a copy that a killed run has left goes with the next Node; one that was replaced by hand does not stay", async () => {
  await using lab = await startLab();
  await installOlder(lab);
  await lab.must(`touch /usr/lib/afkill/.node.afkill-000000000000`);
  expect(await lab.must(`/usr/sbin/afkill install --node ${NEWER}`)).toContain(
    "remove /usr/lib/afkill/.node.afkill-000000000000 (left by a run that was killed)\n",
  );
  await lab.must(
    `cp ${NEWER} ${INSTALLED}.new && echo >>${INSTALLED}.new && mv ${INSTALLED}.new ${INSTALLED}`,
  );
  expect(await lab.must(FROM_BUILD(lab))).toContain(
    `is replaced by ${MAJOR - 1}.9.0 of this build: ${INSTALLED} is not as it was put in\n`,
  );
  await lab.must(`cmp ${lab.node} ${INSTALLED}`);
});

// test/fresh/package-node.test.ts shows it with the package.
test("beside a package's Node: one that fails once it is in place leaves nothing, and another diversion is not touched", async () => {
  await using lab = await startLab();
  await installOlder(lab);
  await lab.must("touch /usr/lib/afkill/dist/packaged && mkdir /root/f");
  await lab.write(
    "/root/f/program.c",
    asNode(lab, 'if (getuid() == 0 && strstr(all, "check.js")) return 1;'),
  );
  await lab.must("cd /root/f && gcc -o program program.c");
  const diversions = () => lab.must("dpkg-divert --list '/usr/lib/afkill*'");
  const before = await stateOf(lab);
  const put = (file: string) => lab.run(`/usr/sbin/afkill install --node ${file}`);

  expect(await put("/root/f/program")).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("with it a check does not run"),
  });
  expect(await diversions()).toBe("");
  expect(await stateOf(lab)).toBe(before);

  await lab.must(`dpkg-divert --local --no-rename --divert ${INSTALLED}.mine --add ${INSTALLED}`);
  expect(await put(NEWER)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining(`dpkg-divert --add ${INSTALLED}: `),
  });
  expect(await diversions()).toBe(`local diversion of ${INSTALLED} to ${INSTALLED}.mine\n`);
  expect(await stateOf(lab)).toBe(before);
});
