// Which of the sshds that run on a host make a login.
import { expect, test } from "vitest";
import { type Candidate, sshdsOfLogins } from "../../../src/login/all.ts";
import { userInTitle } from "../../../src/login/user.ts";

const LISTENER = 5;
/** No such process: none of them has a socket. */
const FIRST = 2 ** 22 + 1;

/** An sshd; pids count from 0 here. */
function sshd(pid: number, parent: number, uid: number, title: string, inContainer = false): Candidate {
  const ref = { pid: FIRST + pid, startTicks: pid };
  return {
    ref,
    parent: parent === LISTENER ? LISTENER : FIRST + parent,
    uid,
    title,
    user: userInTitle(title),
    inContainer,
  };
}

/** The logins among them, each as the pids of its two sshds. */
function pidsOf(...candidates: Candidate[]): (number | undefined)[][] {
  const pid = (it: Candidate["ref"] | undefined) => it && it.pid - FIRST;
  return sshdsOfLogins(candidates, () => () => undefined).map((it) => [
    pid(it.privileged?.ref),
    pid(it.child?.ref),
  ]);
}

test("a user's login has two sshds, under whatever name", () => {
  expect(pidsOf(sshd(0, LISTENER, 0, "sshd: alice [priv]"), sshd(1, 0, 1000, "sshd: alice@pts/0"))).toEqual([
    [0, 1],
  ]);
  expect(pidsOf(sshd(0, LISTENER, 0, "held: alice [priv]"), sshd(1, 0, 1000, "held: alice@notty"))).toEqual([
    [0, 1],
  ]);
});

test("root's login has one, or from OpenSSH 9.8 on two", () => {
  expect(pidsOf(sshd(0, LISTENER, 0, "sshd: root@pts/0"))).toEqual([[0, undefined]]);
  expect(
    pidsOf(sshd(0, LISTENER, 0, "sshd-session: root [priv]"), sshd(1, 0, 0, "sshd-session: root@pts/0")),
  ).toEqual([[0, 1]]);
});

test("what root's only sshd has started is no login while it is called as that is", () => {
  const only = sshd(0, LISTENER, 0, "sshd: root@pts/0,pts/1");
  expect(pidsOf(only, sshd(1, 0, 0, only.title))).toEqual([[0, undefined]]);
});

test("nobody has logged in before there is a child, and nobody listens in", () => {
  expect(
    pidsOf(
      sshd(0, LISTENER, 0, "sshd: alice [priv]"),
      sshd(1, 0, 105, "sshd: alice [net]"),
      sshd(2, LISTENER, 0, "sshd: root [priv]"),
      sshd(3, 1, 0, "sshd: /usr/sbin/sshd [listener] 2 of 10-100 startups"),
    ),
  ).toEqual([]);
});

test("what asks for a user's keys, as another user, is nobody's login", () => {
  expect(
    pidsOf(sshd(0, LISTENER, 0, "sshd: alice [priv]"), sshd(1, 0, 65_534, "sshd: alice [priv]")),
  ).toEqual([]);
});

test("a container is where the privileged sshd is", () => {
  expect(
    pidsOf(
      sshd(0, LISTENER, 0, "sshd: alice [priv]", true),
      sshd(1, 0, 1000, "sshd: alice@pts/0", true),
      sshd(2, LISTENER, 0, "sshd: bob [priv]"),
      sshd(3, 2, 1000, "sshd: bob@pts/0", true),
      sshd(4, LISTENER, 0, "sshd: root@pts/1", true),
    ),
  ).toEqual([[2, 3]]);
});

test("a child without its privileged sshd serves a connection that root accepted, or nobody", () => {
  expect(pidsOf(sshd(0, LISTENER, 1000, "sshd: alice@pts/0"))).toEqual([]);
});
