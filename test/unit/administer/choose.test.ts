// Which logins the arguments of `afkill end` and `afkill tree` mean.
import { expect, test } from "vitest";
import { administratorOf, type Choosable, choose, terminalsMeant } from "../../../src/administer/choose.ts";
import type { Terminal } from "../../../src/login/terminal.ts";

const terminal = (number: number, inner?: Terminal, reachable = true): Terminal => ({
  id: `pts/${number}:1-1`,
  path: `/dev/pts/${number}`,
  deviceNumber: number,
  master: undefined,
  leader: { pid: 1000 + number, startTicks: 1 },
  reachable,
  foregroundGroup: 1,
  foregroundIsLeader: true,
  foregroundJob: [],
  inner,
});

function login(user: string, privileged: number, child: number, terminals: Terminal[]): Choosable {
  const ref = (pid: number) => ({ pid, startTicks: 1 });
  return {
    isOwn: false,
    login: { user, privileged: ref(privileged), server: ref(child) },
    observation: { terminals },
  };
}

const alice = login("alice", 10, 11, [terminal(3), terminal(4)]);
const alice2 = login("alice", 20, 21, []);
const bob = login("bob", 30, 31, [terminal(33, terminal(5))]);
const walled = login("carl", 40, 41, [terminal(6, terminal(7, undefined, false))]);
const all = [alice, alice2, bob, walled];
const pick = (...names: string[]) => choose(names, all, (pid) => (pid === 99 ? "sshd" : undefined));

test("by terminal, by the pid of either sshd, and by user: all logins of that one", () => {
  expect(pick("pts/4")).toEqual([alice]);
  expect(pick("/dev/pts/33")).toEqual([bob]);
  expect(pick("21")).toEqual([alice2]);
  expect(pick("30")).toEqual([bob]);
  expect(pick("alice")).toEqual([alice, alice2]);
});

test("by the terminal that a program opened inside, but not by one of another mount namespace", () => {
  expect(pick("pts/5")).toEqual([bob]);
  expect(() => pick("pts/7")).toThrow("no login has the terminal pts/7");
});

test("each login once, in the order of the list", () => {
  expect(pick("bob", "alice", "pts/3", "10")).toEqual([alice, alice2, bob]);
});

test("a name that means no login fails, though others mean one", () => {
  expect(() => pick("alice", "99")).toThrow("process 99 (sshd) is not the sshd of a login");
  expect(() => pick("1003")).toThrow("there is no process 1003");
  expect(() => pick("pts/0")).toThrow("no login has the terminal pts/0");
  expect(() => pick("ali")).toThrow('no login of a user "ali"');
  expect(() => pick("")).toThrow("no login of a user");
  expect(() => pick("alice\n")).toThrow('"alice\\n"');
});

test("who asks: SUDO_USER where it can be a name", () => {
  expect(administratorOf("dora", "root")).toBe("dora");
  for (const bad of [undefined, "", "-x", "a b", "a\n", "\u001b[2J", "x".repeat(65)])
    expect(administratorOf(bad, "root")).toBe("root");
});

test("which terminals of a login names mean: those they name, or all", () => {
  expect(terminalsMeant(["pts/4", "bob"], alice)).toEqual(["pts/4:1-1"]);
  expect(terminalsMeant(["pts/4", "/dev/pts/3"], alice)).toEqual(["pts/3:1-1", "pts/4:1-1"]);
  expect(terminalsMeant(["pts/5"], bob)).toEqual(["pts/33:1-1"]);
  expect(terminalsMeant(["pts/4", "alice"], alice)).toBeNull();
  expect(terminalsMeant(["10", "pts/3"], alice)).toBeNull();
});
