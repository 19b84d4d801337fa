// What a login is there for, in the words of the table and of the audit.
import { expect, test } from "vitest";
import { fileLine, syslogLine } from "../../../src/audit/lines.ts";
import { LOGIN_KINDS } from "../../../src/audit/words.ts";
import { tableOfLogins } from "../../../src/console/list-text.ts";
import { kindOf } from "../../../src/login/kind.ts";
import type { Login } from "../../../src/login/login.ts";
import type { Terminal } from "../../../src/login/terminal.ts";
import type { LoginRow } from "../../../src/survey/rows.ts";
import { stat } from "../../support/processes.ts";
import { end } from "../../support/records.ts";

const SSHD = 11;
const login = { server: { pid: SSHD, startTicks: 1 } } as Login;
const kind = (...processes: ReturnType<typeof stat>[]) => kindOf(login, [], processes);

test("a terminal makes a shell, whatever else runs", () => {
  expect(kindOf(login, [{} as Terminal], [stat(12, SSHD, "sftp-server")])).toBe("shell");
});

test("without one it is what runs below its sshd: files, a command, or nothing but forwarded ports", () => {
  expect(kind()).toBe("tunnel");
  expect(kind(stat(12, SSHD, "bash", { state: "Z" }))).toBe("tunnel");
  expect(kind(stat(12, SSHD, "sftp-server"))).toBe("sftp");
  expect(kind(stat(12, SSHD, "sshd"))).toBe("sftp");
  expect(kind(stat(12, SSHD, "sshd-session"))).toBe("sftp");
  expect(kind(stat(12, SSHD, "sh"), stat(13, 12, "sftp-server"))).toBe("sftp");
  expect(kind(stat(12, SSHD, "bash"))).toBe("command");
  expect(kind(stat(12, SSHD, "sftp-server"), stat(13, SSHD, "bash"))).toBe("command");
});

test.each(LOGIN_KINDS)("list and the audit say that it is: %s", async (word) => {
  const record = end(0, { kind: word });
  expect(JSON.parse(fileLine(record))).toMatchObject({ kind: word });
  expect(syslogLine(record)).toMatch(new RegExp(`\\bkind=${word}\\b`));
  const subject = {
    terminal: null,
    idleSeconds: 1,
    limitSeconds: 2,
    leftSeconds: 1,
    lockedSeconds: null,
    foreground: null,
  };
  const row = { user: "anna", client: null, sshdPid: SSHD, loginTime: "2026-01-02T03:04:05.000Z" };
  const rest = { uid: 1, cpuSeconds: 0, state: "idle", watchdog: "root", own: false, rule: "", fault: null };
  const rows = [{ ...row, ...rest, kind: word, subjects: [{ ...subject, evidence: "" }] } as LoginRow];
  expect(await tableOfLogins(rows, undefined)).toContain(` (${word}) `);
});
