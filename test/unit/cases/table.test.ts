// The table of the cases: what people read to know which promise holds on which release.
import { expect, test } from "vitest";
import { rowsOf, tableOf } from "../../cases/table.ts";

const [old, recent] = ["OpenSSH 9.2 (Debian 12)", "OpenSSH 10.0 (Debian 13)"];

test("has a case a row and a release a column, chapter by chapter, and counts what failed", () => {
  const rows = rowsOf([
    { titles: ["must live", old, "a user"], state: "passed" },
    { titles: ["must end", old, "in", "vim"], state: "passed" },
    { titles: ["must live", recent, "a user"], state: "failed" },
    { titles: ["must live", recent, "a build"], state: "skipped" },
    { titles: ["no release", "is none of it"], state: "failed" },
  ]);
  expect(tableOf(rows).split("\n")).toEqual([
    "           OpenSSH 9.2 (Debian 12)  OpenSSH 10.0 (Debian 13)  OpenSSH 10.5+ (Debian unstable)",
    "must end",
    "  in vim   pass                     -                         -",
    "must live",
    "  a user   pass                     FAIL                      -",
    "  a build  -                        skipped                   -",
    "3 cases: 2 passed, 1 failed, 1 skipped",
  ]);
});
