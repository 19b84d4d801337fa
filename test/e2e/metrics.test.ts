// `afkill metrics` on a host with real logins: one that was ended, one whose checks fail, one whose watchdog was killed.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { atPrompt, auditWithEnd, policyOfSeconds, SOON } from "../support/logins.ts";

const TEXTFILE = "/var/lib/node-exporter/afkill.prom";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ hook: "pam", policy: policyOfSeconds() });
});
afterAll(() => lab.stop());

/** The value of a sample by its name with its labels. */
async function sample(name: string): Promise<number> {
  const lines = (await lab.must("afkill metrics")).split("\n");
  const found = lines.filter((line) => line.startsWith(`${name} `));
  expect(found, name).toHaveLength(1);
  return Number(found[0]?.slice(name.length));
}

test("a host without an audit has counters at zero", async () => {
  expect(await sample('afkill_endings_total{reason="idle",outcome="ended"}')).toBe(0);
  expect(await sample("afkill_checks_failed_total")).toBe(0);
  expect(await sample("afkill_policy_valid")).toBe(1);
  expect(await sample("afkill_watchdogs_missing")).toBe(0);
});

test("endings, notices, failed checks and missing watchdogs are counted", async () => {
  await lab.addUser("idler");
  const idler = await atPrompt(lab, "idler");
  await idler.exit;
  await auditWithEnd(lab, "idler");
  expect(await sample('afkill_endings_total{reason="idle",outcome="ended"}')).toBe(1);
  expect(await sample("afkill_notices_total")).toBe(2);
  await lab.must("logrotate --force /etc/logrotate.d/afkill");
  expect(await sample('afkill_endings_total{reason="idle",outcome="ended"}')).toBe(1);

  await lab.addUser("visitor");
  await lab.must("echo 'syntax error here' >/usr/lib/afkill/dist/check.js");
  await atPrompt(lab, "visitor");
  await vi.waitFor(async () => expect(await sample("afkill_checks_failed_total")).toBeGreaterThan(0), SOON);
  const watchdog = lab.processes().find(({ cmdline }) => cmdline.some((word) => word.endsWith("/watchdog")));
  await lab.must(`kill -9 ${watchdog?.pid}`);
  await vi.waitFor(async () => expect(await sample("afkill_watchdogs_missing")).toBe(1), SOON);
  expect(await sample('afkill_logins{state="no watchdog"}')).toBe(1);

  await lab.writePolicy("idle_timeout = ");
  expect(await sample("afkill_policy_valid")).toBe(0);
});

test("a file for node_exporter may be read by anybody, and is never there in part", async () => {
  await lab.must("mkdir -p /var/lib/node-exporter && ln -s /etc/passwd /var/lib/node-exporter/link");
  expect(await lab.must(`umask 077; afkill metrics --output ${TEXTFILE}`)).toBe("");
  expect(await lab.must(`stat -c '%a %u' ${TEXTFILE}; ls -A /var/lib/node-exporter`)).toBe(
    "644 0\nafkill.prom\nlink\n",
  );
  expect(await lab.read(TEXTFILE)).toMatch(/^# HELP afkill_.*\nafkill_build_info\{version="[^"]+"\} 1\n$/s);
  for (const path of ["/var/lib/node-exporter/link", "/dev/stdout", "/var/lib/none/x"]) {
    const { status, stderr } = await lab.run(`afkill metrics --output ${path}`);
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^afkill: \S+ (is not a regular file|does not exist)/),
    ]);
  }
  expect((await lab.run("/usr/sbin/afkill metrics", { user: "visitor" })).stderr).toMatch(
    /metrics needs root/,
  );
});
