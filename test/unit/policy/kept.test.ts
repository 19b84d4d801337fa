// A policy that a check need not parse again, and when it must.
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { loadKeptPolicy } from "../../../src/policy/kept.ts";
import { loadPolicy } from "../../../src/policy/load.ts";
import { PolicyError } from "../../../src/policy/problems.ts";
import { policyFiles, THREE_FILES } from "../../support/policy-files.ts";
import { testAsRoot } from "../../support/root.ts";

/** The bundle that this program seems to be. */
const program = vi.hoisted(() => ({ name: "check-main-0123abcd.cjs" as string | undefined }));
vi.mock("../../../src/system/bundle.ts", () => ({
  get BUNDLE() {
    return program.name;
  },
}));
const parsed = vi.hoisted(() => ({ times: 0 }));
vi.mock("../../../src/policy/parse.ts", async (original) => {
  const { parsePolicyFile } = await original<typeof import("../../../src/policy/parse.ts")>();
  return {
    parsePolicyFile: (...file: Parameters<typeof parsePolicyFile>) => {
      parsed.times += 1;
      return parsePolicyFile(...file);
    },
  };
});

let run: string;
let keptAt: string;
let main: string;
let directory: string;
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "afkill-kept-"));
  keptAt = join(run, "policy.json");
  directory = policyFiles(THREE_FILES);
  main = join(directory, "afkill.toml");
  program.name = "check-main-0123abcd.cjs";
});
afterEach(() => rmSync(run, { recursive: true }));

/** Loads the policy; tells whether it was parsed for that. */
async function load() {
  parsed.times = 0;
  const policy = await loadKeptPolicy(main, keptAt);
  return { policy, isParsed: parsed.times > 0 };
}

test("a policy that says what it said is the same policy, and is not parsed", async () => {
  const expected = await loadPolicy(main);
  expect(await load()).toEqual({ policy: expected, isParsed: true });
  expect(await load()).toEqual({ policy: expected, isParsed: false });
  expect(expected.base.maxStayMs).toBe(Number.POSITIVE_INFINITY);
  expect(statSync(keptAt).mode & 0o777).toBe(0o600);
});

test("one other letter, of the same length and time, is another policy", async () => {
  await load();
  const { atime, mtime } = statSync(main);
  writeFileSync(main, THREE_FILES["afkill.toml"].replace("20m", "30m"));
  utimesSync(main, atime, mtime);
  expect(await load()).toEqual({ policy: await loadPolicy(main), isParsed: true });
  writeFileSync(
    join(directory, "afkill.d/10-staff.toml"),
    THREE_FILES["afkill.d/10-staff.toml"].replace("15m", "16m"),
  );
  expect((await load()).policy.base.idleTimeoutMs).toBe(16 * 60_000);
});

test("a drop-in that comes or goes is another policy", async () => {
  const before = (await load()).policy;
  writeFileSync(join(directory, "afkill.d/30-more.toml"), 'exempt.users = ["eve"]\n');
  expect((await load()).policy.exempt.users).toContain("eve");
  rmSync(join(directory, "afkill.d/30-more.toml"));
  expect((await load()).policy).toEqual(before);
});

test("files that are refused, broken or gone are no policy, whatever is kept", async () => {
  await load();
  chmodSync(main, 0o666);
  await expect(load()).rejects.toThrow(PolicyError);
  chmodSync(main, 0o644);
  await load();
  writeFileSync(main, 'idle_timeout = "20x"\n');
  await expect(load()).rejects.toThrow(PolicyError);
  rmSync(main);
  await expect(load()).rejects.toThrow(PolicyError);
});

test("what another program has parsed is parsed again, and from its source a program keeps nothing", async () => {
  await load();
  program.name = "check-main-89abcdef.cjs";
  expect((await load()).isParsed).toBe(true);
  expect((await load()).isParsed).toBe(false);
  program.name = undefined;
  expect((await load()).isParsed).toBe(true);
});

test("what is kept is believed only if it is whole", async () => {
  const expected = (await load()).policy;
  const whole = readFileSync(keptAt, "utf8");
  for (const text of ["", "null", "{}", "[]", whole.slice(0, 200), whole.replace('"policy"', '"x"')]) {
    writeFileSync(keptAt, text);
    expect(await load()).toEqual({ policy: expected, isParsed: true });
  }
});

testAsRoot("what somebody else can have written is not believed", async () => {
  const expected = (await load()).policy;
  const forged = readFileSync(keptAt, "utf8").replace('"deploy"', '"eve"');
  const forge = async (spoil: () => void) => {
    writeFileSync(keptAt, forged);
    spoil();
    expect(await load()).toEqual({ policy: expected, isParsed: true });
  };
  await forge(() => chownSync(keptAt, 65_534, 65_534));
  await forge(() => chmodSync(keptAt, 0o622));
  expect((await load()).isParsed).toBe(false);
});

test("a directory that cannot be written costs only time", async () => {
  keptAt = "/dev/null/policy.json";
  expect((await load()).isParsed).toBe(true);
  expect((await load()).isParsed).toBe(true);
});
