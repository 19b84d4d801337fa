import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { buildRecord, sourceDay } from "../../../scripts/build/build-record.ts";
import { readBuild } from "../../../src/setup/build-record.ts";
import { releaseDay } from "../../../src/setup/release-day.ts";

const checkout = resolve(import.meta.dirname, "../../..");

test("the day of the source is that of SOURCE_DATE_EPOCH", () => {
  expect(sourceDay(checkout, "1793750399")).toBe("2026-11-03");
  expect(sourceDay(checkout, "1793750400")).toBe("2026-11-04");
  expect(() => sourceDay(checkout, "yesterday")).toThrow("SOURCE_DATE_EPOCH is no whole number of seconds");
});

test("without it the last commit tells the day, and nothing does for an archive inside a repository of something else", () => {
  const directory = mkdtempSync(join(tmpdir(), "afkill-source-"));
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", directory, "-c", "user.name=a", "-c", "user.email=a@example.org", ...args], {
      env: { ...process.env, GIT_COMMITTER_DATE: "2026-11-03T23:59:59Z" },
    });
  git("init", "--quiet");
  git("commit", "--quiet", "--allow-empty", "--message", "first");
  expect(sourceDay(directory, undefined)).toBe("2026-11-03");
  mkdirSync(join(directory, "unpacked"));
  expect(sourceDay(join(directory, "unpacked"), undefined)).toBeUndefined();
  rmSync(directory, { recursive: true });
});

test("a build knows when its Node was released, and says what is read again", () => {
  const record = buildRecord(checkout);
  expect(record.node).toEqual({
    version: process.versions.node,
    released: expect.stringMatching(/^20\d\d-\d\d-\d\d$/),
  });
  const directory = mkdtempSync(join(tmpdir(), "afkill-record-"));
  const write = (text: string) => writeFileSync(join(directory, "build.json"), text);
  write(JSON.stringify(record));
  expect(readBuild(directory)).toEqual(record);
  for (const bad of [
    "",
    "{}",
    JSON.stringify({ ...record, node: { version: "26", released: "2026-09-22" } }),
  ]) {
    write(bad);
    expect(() => readBuild(directory)).toThrow(
      /build\.json cannot be used: .*; build or install afkill again/s,
    );
  }
  rmSync(directory, { recursive: true });
});

test("the day of a release is that of its heading in a changelog", () => {
  const changelog =
    "# Node.js 26\n\n## 2026-10-21, Version 26.12.1 (Current), @a\n\n## 2026-10-14, Version 26.1.1 'X' (LTS), @b\n";
  expect(releaseDay(changelog, "26.12.1")).toBe("2026-10-21");
  expect(releaseDay(changelog, "26.1.1")).toBe("2026-10-14");
  expect(releaseDay(changelog, "26.12")).toBeUndefined();
  expect(releaseDay(changelog, "26x1.1")).toBeUndefined();
});
