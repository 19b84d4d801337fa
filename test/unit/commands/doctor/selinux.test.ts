// What the doctor makes of SELinux: its files below a folder of the test, and lines as the kernel's audit writes them.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { denialsIn, fineWith, problemsWith } from "../../../../src/commands/doctor/selinux.ts";
import { readSelinux } from "../../../../src/commands/doctor/selinux-state.ts";

const SSHD = "system_u:system_r:sshd_t:s0-s0:c0.c1023";

/** A line of the audit log; `fields` come before those that every denial has. */
const line = (seconds: number, fields: string, { denied = "write", from = SSHD, type = "AVC" } = {}) =>
  `type=${type} msg=audit(${seconds}.250:77): avc:  denied  { ${denied} } for  pid=9 ${fields} scontext=${from} tcontext=system_u:object_r:var_run_t:s0 tclass=file permissive=0\n`;

test.each([
  ["a watchdog in sshd's domain", line(1, 'comm="watchdog" name="afkill" dev="tmpfs" ino=3')],
  ["a check, which Node gives a name", line(1, 'comm="node-MainThread" name="state"')],
  ["the domain of one login", line(1, 'comm="session"', { from: "system_u:system_r:sshd_session_t:s0" })],
  [
    "sshd that may not start the hook",
    line(1, 'comm="sshd" path="/usr/lib/afkill/env"', { denied: "execute" }),
  ],
  [
    "the audit's directory",
    line(1, 'comm="x" path="/var/log/afkill"', { from: "a:b:unconfined_service_t:s0" }),
  ],
])("%s is afkill's", (_, text) => expect(denialsIn(text)).toHaveLength(1));

test.each([
  ["another program of sshd's", line(1, 'comm="sshd" path="/usr/bin/env"')],
  ["a directory with a longer name", line(1, 'comm="sshd" path="/usr/lib/afkill2/env"')],
  ["watchdog(8)", line(1, 'comm="watchdog"', { from: "system_u:system_r:watchdog_t:s0" })],
  ["a user's program of that name", line(1, 'comm="session"', { from: "user_u:user_r:user_t:s0" })],
  ["a domain that only begins so", line(1, 'comm="session"', { from: "system_u:system_r:sshd_keygen:s0" })],
  ["memory that may not be executed", line(1, 'comm="node"', { denied: "execmem" })],
  ["a record of a user's program", line(1, 'comm="session"', { type: "USER_AVC" })],
  ["the end of a line", line(1, 'comm="session"').slice(9)],
  ["what was granted", line(1, 'comm="session"').replace("denied", "granted")],
])("%s is not", (_, text) => expect(denialsIn(text)).toEqual([]));

test("a denial has its time, and no explanations of auditd", () => {
  const text = line(1_700_000_000, 'comm="session"').replace("\n", '\x1dSCONTEXT="x"\n');
  const what = `denied { write } for pid=9 comm="session" scontext=${SSHD} tcontext=system_u:object_r:var_run_t:s0 tclass=file permissive=0`;
  expect(denialsIn(text)).toEqual([{ atMs: 1_700_000_000_250, what }]);
});

const log = line(100, 'comm="session"') + line(200, 'comm="hold"');

test.each([
  { enforcing: false, says: /^$/, remedy: "" },
  { enforcing: true, loadedMs: 1, log: "", says: /^$/, remedy: "" },
  {
    enforcing: true,
    says: /^SELinux is enforcing, and afkill has not been tried with that/,
    remedy: "setenforce 0",
  },
  {
    enforcing: true,
    log,
    says: /has denied .* 2 times, last at 1970-01-01T00:03:20.250Z: .*"hold"/,
    remedy: "load",
  },
  { enforcing: false, log, says: /would deny/, remedy: "/usr/lib/afkill/dist/selinux/afkill.te" },
  // What was denied before the module was loaded is over.
  { enforcing: true, log, loadedMs: 150_000, says: /1 time,/, remedy: "ausearch -m AVC" },
  { enforcing: true, log, loadedMs: 250_000, says: /^$/, remedy: "" },
])("enforcing: $enforcing, loaded: $loadedMs, denials: $log", ({ says, remedy, ...state }) => {
  const problems = problemsWith(state);
  expect(problems.map(({ what }) => what).join()).toMatch(says);
  expect(problems.map((it) => it.remedy).join()).toContain(remedy);
  expect(problems.map(({ level }) => level).filter((it) => it !== "warning")).toEqual([]);
});

test("if nothing is wrong, that is said with what it rests on", () => {
  expect(fineWith({ enforcing: true, loadedMs: 1, log: "" })).toBe(
    "SELinux is enforcing, with the module afkill; it has denied afkill nothing",
  );
  expect(fineWith({ enforcing: false })).toBe(
    "SELinux is permissive; there is no /var/log/audit/audit.log to find denials in",
  );
});

/** A folder with these files. */
function host(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "afkill-selinux-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const ENFORCING = { "sys/fs/selinux/enforce": "1" };
const MODULE = "var/lib/selinux/targeted/active/modules/400/afkill";

test("a host without SELinux has no state; others say whether they enforce it", () => {
  expect(readSelinux(host({}))).toBeUndefined();
  expect(readSelinux(host({ "sys/fs/selinux/enforce": "0" }))).toEqual({ enforcing: false });
  expect(readSelinux(host(ENFORCING))).toEqual({ enforcing: true });
});

test("a module counts from when it was loaded, and not while it is disabled", () => {
  const root = host({ ...ENFORCING, [`${MODULE}/cil`]: "" });
  utimesSync(join(root, MODULE), 5, 7);
  expect(readSelinux(root)).toEqual({ enforcing: true, loadedMs: 7000 });
  expect(
    readSelinux(
      host({
        ...ENFORCING,
        [`${MODULE}/cil`]: "",
        "var/lib/selinux/targeted/active/modules/disabled/afkill": "",
      }),
    ),
  ).toEqual({ enforcing: true });
});

test("of a log only the end is read, and a link is not followed", () => {
  const path = "var/log/audit/audit.log";
  const long = host({ ...ENFORCING, [path]: `first${"\n".repeat(8 * 1024 * 1024 - 4)}last` });
  const end = readSelinux(long)?.log ?? "";
  expect([end.length, end.includes("first"), end.endsWith("\nlast")]).toEqual([8 * 1024 * 1024, false, true]);
  const linked = host({ ...ENFORCING, other: "secret", "var/log/audit/x": "" });
  symlinkSync(join(linked, "other"), join(linked, path));
  expect(readSelinux(linked)).toEqual({ enforcing: true });
});
