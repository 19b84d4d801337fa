// Whom each key of a rule means.
import { describe, expect, it, test } from "vitest";
import { MATCH_KEYS, type Match, matchWith, misfit, type PolicySubject } from "../../../src/policy/match.ts";
import { isAmongUids } from "../../../src/policy/uids.ts";
import { hostNames } from "../../../src/system/host-names.ts";

const alice: PolicySubject = {
  user: "alice",
  uid: 1000,
  groups: ["alice", "staff"],
  address: "10.1.2.3",
  port: 2222,
  hosts: ["db1.example.org", "db1"],
  kind: "sftp",
};

/** A match with every key, all of which fit alice. */
const ALL: Match = {
  users: ["a*", "!adam"],
  groups: ["st?ff", "!admins"],
  from: ["10.0.0.0/8", "!10.9.0.0/16"],
  hosts: ["DB*", "!db9"],
  kinds: ["shell", "sftp"],
  ports: [22, 2222],
  uids: ["0", "1000-"],
};

/** For each key a login that differs from alice's in that fact only, and does not fit. */
const OTHERS: Readonly<Record<keyof Match, readonly Partial<PolicySubject>[]>> = {
  users: [{ user: "adam" }, { user: "bob" }],
  groups: [{ groups: ["staff", "admins"] }, { groups: ["alice"] }, { groups: [] }],
  from: [{ address: "10.9.1.1" }, { address: "11.1.1.1" }, { address: undefined }],
  hosts: [{ hosts: ["db9.example.org", "db9"] }, { hosts: ["web1"] }, { hosts: undefined }],
  kinds: [{ kind: "tunnel" }, { kind: "command" }, { kind: undefined }],
  ports: [{ port: 23 }, { port: undefined }],
  uids: [{ uid: 999 }, { uid: undefined }],
};

describe("a match", () => {
  it("fits if all its keys do", () => {
    expect(misfit(ALL, alice)).toBeUndefined();
    expect(misfit(matchWith({}), { user: "x", groups: [] })).toBeUndefined();
  });

  it.each(MATCH_KEYS)("does not fit if %s does not, whatever the others say", (key) => {
    for (const other of OTHERS[key]) {
      expect([other, misfit(ALL, { ...alice, ...other })]).toEqual([other, key]);
      expect(misfit({ ...ALL, [key]: [] }, { ...alice, ...other })).toBeUndefined();
    }
  });
});

describe("addresses", () => {
  it.each([
    ["10.1.2.3", ["10.0.0.0/8", "!10.1.2.3"], false],
    ["10.1.2.4", ["10.0.0.0/8", "!10.1.2.3"], true],
    ["10.1.2.3", ["!192.0.2.0/24"], false],
    ["10.1.2.3", ["0.0.0.0/0", "!192.0.2.0/24"], true],
    ["::ffff:192.0.2.1", ["0.0.0.0/0", "!192.0.2.0/24"], false],
    ["2001:db8::1", ["::/0", "!2001:db8::/32"], false],
    ["2001:db9::1", ["::/0", "!2001:db8::/32"], true],
  ])("%s in %j: %s", (address, from, expected) => {
    expect(misfit(matchWith({ from }), { user: "x", groups: [], address }) === undefined).toBe(expected);
  });
});

test("numbers of users are in ranges with both their ends, and one without an end has none", () => {
  expect([999, 1000, 1999, 2000].map((uid) => isAmongUids(uid, ["1000-1999"]))).toEqual([
    ...[false, true, true, false],
  ]);
  expect([0, 1].map((uid) => isAmongUids(uid, ["0"]))).toEqual([true, false]);
  expect([999, 1000, 4_294_967_294].map((uid) => isAmongUids(uid, ["1000-"]))).toEqual([false, true, true]);
  expect(isAmongUids(5, ["9-1", "7"])).toBe(false);
});

test("a host has its whole name and the part before the first dot", () => {
  expect(hostNames("web1.example.org")).toEqual(["web1.example.org", "web1"]);
  expect(hostNames("web1")).toEqual(["web1"]);
  expect(hostNames(".odd")).toEqual([".odd"]);
  expect(hostNames().length).toBeGreaterThan(0);
});
