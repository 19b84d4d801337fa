import { describe, expect, test } from "vitest";
import {
  FOLLOW_DAYS,
  judgePin,
  newestInAll,
  type Release,
  readIndex,
} from "../../../scripts/lib/node-releases.ts";
import { textOf } from "../../support/docs.ts";

/** Releases from words such as `26.12.1 2026-10-21 security`. */
const releases = (...lines: string[]): Release[] =>
  lines.map((line) => {
    const [version = "", date = "", more] = line.split(" ");
    return { version, date, security: more === "security" };
  });

const PINNED = "26.10.0 2026-09-22";
const OTHER_LINES = ["27.1.0 2026-11-20 security", "24.20.0 2026-11-01 security"];

describe("a pin is", () => {
  test.each([
    ["up to date with nothing newer in its line", [PINNED], { state: "current", newest: "26.10.0" }],
    [
      "up to date with a security release before it",
      [PINNED, "26.9.9 2026-09-16 security"],
      { state: "current", newest: "26.10.0" },
    ],
    [
      "behind a release without a word of security",
      ["26.11.0 2026-10-07", PINNED],
      { state: "behind", newest: "26.11.0", due: "2026-11-06" },
    ],
    [
      "behind a security release, wherever that stands in the list",
      [PINNED, "26.12.0 2026-10-14", "26.11.1 2026-10-07 security"],
      { state: "behind-security", newest: "26.12.0", due: "2026-10-14" },
    ],
    [
      "due for an old release, whatever came after it",
      ["26.13.0 2026-11-20 security", "26.11.0 2026-10-07", PINNED],
      { state: "behind-security", newest: "26.13.0", due: "2026-11-06" },
    ],
    [
      "judged by numbers, not by letters",
      ["26.9.0 2026-09-16", "26.10.0 2026-09-22", "26.100.0 2027-09-16"],
      { state: "behind", newest: "26.100.0", due: "2027-10-16" },
    ],
  ])("%s", (_, lines, expected) => {
    const { state, newest, due } = judgePin(releases(...OTHER_LINES, ...lines), "26.10.0");
    expect({ state, newest: newest.version, ...(due !== undefined && { due }) }).toEqual(expected);
  });

  test("not judged by an index that does not know it", () => {
    expect(() => judgePin(releases("26.9.0 2026-09-16"), "26.10.0")).toThrow(
      "does not know the pinned Node 26.10.0",
    );
  });
});

test("the releases since a pin are told in their order, and how far the index goes", () => {
  const verdict = judgePin(
    releases(...OTHER_LINES, "26.12.0 2026-10-14", PINNED, "26.11.0 2026-10-07"),
    "26.10.0",
  );
  expect(verdict.since.map(({ version }) => version)).toEqual(["26.11.0", "26.12.0"]);
  expect(verdict.indexUntil).toBe("2026-11-20");
});

describe("an index", () => {
  const entry = { version: "v26.10.0", date: "2026-09-22", security: false };
  test("is read, whatever else it holds", () => {
    const text = JSON.stringify([{ ...entry, npm: "11.0.0", lts: false, files: [] }]);
    expect(readIndex(text)).toEqual([{ version: "26.10.0", date: "2026-09-22", security: false }]);
  });
  test.each([
    ["an error page", "<html>", "it is no JSON"],
    ["an object", "{}", "it is no index of Node's releases: its top: "],
    ["nothing", "[]", "it is no index of Node's releases: its top: "],
    ["no date", JSON.stringify([entry, { ...entry, date: "soon" }]), "releases: 1.date: "],
    ["no version", JSON.stringify([{ ...entry, version: "latest" }]), "releases: 0.version: "],
    ["no word on security", JSON.stringify([{ ...entry, security: undefined }]), "releases: 0.security: "],
  ])("with %s is refused", (_, text, why) => expect(() => readIndex(text)).toThrow(why));
});

test("what can be pinned is the newest of the line that npm has for every machine", () => {
  const x64 = ["26.10.0", "26.12.1", "26.9.0", "26.11.0", "27.0.0", "26.13.0-win1"];
  expect(newestInAll("26.10.0", [x64, ["26.11.0", "26.10.0", "27.0.0", "26.13.0-win1"]])).toBe("26.11.0");
  expect(newestInAll("26.10.0", [x64, ["26.10.0", "27.0.0"]])).toBeUndefined();
});

test("docs/node.md promises what the check reminds of", () => {
  const page = textOf("docs/node.md").replace(/\s+/g, " ");
  expect(page).toContain(`within ${FOLLOW_DAYS.security} days`);
  expect(page).toContain(`within ${FOLLOW_DAYS.other} days`);
});
