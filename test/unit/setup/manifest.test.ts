// What an install remembers of its hooks.
import { expect, test } from "vitest";
import { ABSENT, type Change, file } from "../../../src/change/change.ts";
import { hooksOf, isOfHook, NOTHING_INSTALLED, nextManifest } from "../../../src/setup/manifest.ts";
import { OWN_SERVICE_FILE, PAM_DROP_IN } from "../../../src/system/paths.ts";

const made = (path: string): Change => file(path, 0o644, Buffer.from("x"));
const pam = { hook: "pam", acceptForcedKeys: false, wrap: false } as const;

test("a hook is remembered with its options, those of its last install", () => {
  const scoped = { hook: "force-command", match: "Group a", acceptForcedKeys: false, wrap: true } as const;
  const first = nextManifest(NOTHING_INSTALLED, { due: [], left: [], hook: scoped });
  const second = nextManifest(first, { due: [], left: [], hook: pam });
  const third = nextManifest(second, { due: [], left: [], hook: { ...scoped, match: "Group b" } });
  expect(hooksOf(third)).toEqual([{ ...scoped, match: "Group b" }, pam]);
  expect(nextManifest(third, { due: [], left: [], hook: pam })).toEqual(third);
});

test("a manifest without a list of hooks tells them by their files", () => {
  const files = (["pam", "force-command", "program"] as const).map((role) => ({
    path: `/${role}`,
    role,
    digest: "",
  }));
  expect(hooksOf({ ...NOTHING_INSTALLED, files })).toEqual([pam]);
});

test("files that are left are no longer in it", () => {
  const due = [OWN_SERVICE_FILE, PAM_DROP_IN].map(
    (path) => ({ role: "pam-service", change: made(path) }) as const,
  );
  const own = nextManifest(NOTHING_INSTALLED, { due, left: [], hook: pam });
  expect(own.files.map(({ path, role }) => [path, role])).toEqual([
    [OWN_SERVICE_FILE, "pam-service"],
    [PAM_DROP_IN, "pam-service"],
  ]);
  expect(own.files.every(({ role }) => isOfHook(role, "pam") && !isOfHook(role, "profile"))).toBe(true);
  const gone = { role: "program", change: { path: "/x", wanted: ABSENT } } as const;
  const after = nextManifest(own, { due: [gone], left: [PAM_DROP_IN], hook: pam });
  expect(after.files.map(({ path }) => path)).toEqual([OWN_SERVICE_FILE]);
});
