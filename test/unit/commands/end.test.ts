// The exit status of `afkill end`, by what became of the logins.
import { Command } from "commander";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { addEnd } from "../../../src/commands/end.ts";
import { testAsRoot } from "../../support/root.ts";

const parts = vi.hoisted(() => ({ survey: vi.fn(), endOne: vi.fn(), warnLogin: vi.fn() }));
vi.mock("../../../src/survey/survey.ts", () => ({ survey: parts.survey }));
vi.mock("../../../src/survey/rows.ts", () => ({ rowOf: () => ({}) }));
vi.mock("../../../src/console/list-text.ts", () => ({ tableOfLogins: () => "" }));
vi.mock("../../../src/administer/end.ts", () => ({ endOne: parts.endOne, warnLogin: parts.warnLogin }));

function login(user: string, pid: number, isOwn = false) {
  return { isOwn, login: { user, server: { pid, startTicks: 1 } }, observation: { terminals: [] } };
}

let said = "";
beforeEach(() => {
  vi.resetAllMocks();
  said = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    said += text;
    return true;
  });
  parts.survey.mockResolvedValue([login("alice", 10), login("bob", 20), login("me", 30, true)]);
  parts.endOne.mockImplementation(async ({ login: { user, server } }) => ({
    user,
    sshdPid: server.pid,
    ended: user !== "bob",
    steps: user === "bob" ? ["child sshd 20 still there"] : [],
  }));
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** Runs the command; returns the exit status that it sets. */
async function end(...words: string[]): Promise<unknown> {
  const program = new Command().exitOverride();
  addEnd(program);
  await program.parseAsync(["end", "--yes", ...words], { from: "user" });
  return process.exitCode;
}

testAsRoot("fails when one of the logins is still there, and says which and why", async () => {
  expect(await end("alice", "bob")).toBe(1);
  expect(said).toContain("login of alice (sshd 10): gone");
  expect(said).toContain("login of bob (sshd 20): STILL THERE: child sshd 20 still there");
});

testAsRoot("succeeds when all are gone", async () => {
  expect(await end("alice")).toBeUndefined();
  expect(parts.warnLogin).not.toHaveBeenCalled();
});

testAsRoot("ends nothing at all when its own login is among them", async () => {
  await expect(end("alice", "me")).rejects.toThrow("your own login is among them");
  expect(parts.endOne).not.toHaveBeenCalled();
});

testAsRoot("with --self ends its own login after the others", async () => {
  await end("--self", "me", "alice");
  expect(parts.endOne.mock.calls.map(([it]) => it.login.user)).toEqual(["alice", "me"]);
});
