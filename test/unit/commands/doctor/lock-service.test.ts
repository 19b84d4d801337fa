import { expect, test } from "vitest";
import { locks, wrongIn } from "../../../../src/commands/doctor/lock-service.ts";
import { LIMITS, type LimitKey, limitsWith } from "../../../../src/policy/limits.ts";
import { matchWith } from "../../../../src/policy/match.ts";
import type { Policy } from "../../../../src/policy/policy.ts";
import { DEBIAN, lockServiceText, RED_HAT } from "../../../../src/setup/lock-service.ts";

const FILE = "/etc/pam.d/afkill";
const files: Record<string, string> = {
  "common-auth": "auth required pam_unix.so\n",
  "common-account": "account required pam_unix.so\n",
  "password-auth": "auth required pam_unix.so\naccount required pam_unix.so\n",
};
const read = (name: string) => {
  const text = files[name];
  if (text === undefined) throw new Error(`ENOENT: ${name}`);
  return text;
};
const wrong = (text: string) => wrongIn(FILE, text, read).map(({ what }) => what);

test("the service that an install writes is fine, where its files are", () => {
  expect(wrong(lockServiceText(DEBIAN))).toEqual([]);
  expect(wrong(lockServiceText(RED_HAT))).toEqual([]);
  expect(() => wrong("auth include common-auth\naccount include none\n")).toThrow("ENOENT: none");
});

test("a service without rules of a type is not", () => {
  expect(wrong("")).toHaveLength(2);
  expect(wrong("@include common-auth\nsession required pam_permit.so\n")).toEqual([
    `${FILE} has no account rule: PAM decides by its service "other" who unlocks a terminal`,
  ]);
  expect(wrong("account include common-auth\nauth include common-account\n")).toHaveLength(2);
});

test("a policy locks if its top level or any rule for this host does", () => {
  const limits = (atLimit: string) =>
    limitsWith((key: LimitKey) => (key === "at_limit" ? (atLimit as "lock") : LIMITS[key].byDefault));
  const policy = (base: string, rules: readonly string[] = [], hosts: readonly string[] = []): Policy => ({
    base: limits(base),
    exempt: { users: [], groups: [], maxLoginMs: Number.POSITIVE_INFINITY },
    rules: rules.map((it) => ({ name: it, match: matchWith({ hosts }), limits: limits(it) })),
    files: [],
  });
  expect(locks(policy("end", ["end"]))).toBe(false);
  expect(locks(policy("lock"))).toBe(true);
  expect(locks(policy("end", ["end", "lock"]))).toBe(true);
  expect(locks(policy("end", ["lock"], ["*", "!elsewhere"]))).toBe(true);
  expect(locks(policy("end", ["lock"], ["elsewhere"]))).toBe(false);
});
