// What `afkill tree` draws.
import { expect, test } from "vitest";
import { linesOf, treeOf } from "../../../../src/commands/tree/text.ts";
import { isUtf8Locale } from "../../../../src/console/output.ts";
import type { Terminal } from "../../../../src/login/terminal.ts";
import { stat } from "../../../support/processes.ts";

const PTS3 = (136 << 8) | 3;

const terminal: Terminal = {
  id: "pts/3:12-1",
  path: "/dev/pts/3",
  deviceNumber: PTS3,
  master: undefined,
  leader: { pid: 12, startTicks: 1 },
  reachable: true,
  foregroundGroup: 14,
  foregroundIsLeader: false,
  foregroundJob: [],
  inner: undefined,
};
const looked = {
  login: { user: "alice", client: { address: "192.0.2.7", port: 4711 } as never },
  isOwn: true,
  observation: { terminals: [terminal] },
  processes: [
    stat(10, 1, "sshd-session"),
    stat(11, 10, "sshd-session"),
    stat(12, 11, "bash", { ttyNr: PTS3 }),
    stat(13, 12, "a\u001b[2J\nb", { ttyNr: PTS3 }),
    stat(14, 12, "vim", { ttyNr: PTS3 }),
    stat(15, 13, "sleep"),
    stat(16, 12, "dead", { state: "Z" }),
  ],
};

test("each process below its parent, with pid, terminal and foreground; no zombies, no control characters", () => {
  expect(linesOf(treeOf(looked), true)).toEqual([
    "alice* from 192.0.2.7 (pts/3)",
    "└─ 10 sshd-session",
    "   └─ 11 sshd-session",
    "      └─ 12 bash pts/3",
    "         ├─ 13 a?[2J?b pts/3",
    "         │  └─ 15 sleep",
    "         └─ 14 vim pts/3 +",
  ]);
});

test("in ASCII where the locale is not UTF-8", () => {
  const lines = linesOf(treeOf({ ...looked, isOwn: false }), false);
  expect(lines.join("\n")).toMatch(/^[ -~\n]*$/);
  expect(lines[0]).toBe("alice from 192.0.2.7 (pts/3)");
  expect(lines.slice(-2)).toEqual(["         |  `- 15 sleep", "         `- 14 vim pts/3 +"]);
});

test("the locale: LC_ALL before LC_CTYPE before LANG, an empty one does not count", () => {
  expect(isUtf8Locale({ LANG: "de_DE.UTF-8" })).toBe(true);
  expect(isUtf8Locale({ LANG: "C", LC_CTYPE: "C.utf8" })).toBe(true);
  expect(isUtf8Locale({ LANG: "C.UTF-8", LC_ALL: "C" })).toBe(false);
  expect(isUtf8Locale({ LANG: "C.UTF-8", LC_ALL: "" })).toBe(true);
  expect(isUtf8Locale({})).toBe(false);
});

test("a login of which nothing is left to see", () => {
  const gone = { ...looked, processes: [], observation: { terminals: [] } };
  expect(linesOf(treeOf(gone), true)).toEqual(["alice* from 192.0.2.7 (no terminal)"]);
});
