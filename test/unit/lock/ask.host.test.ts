// Asks for a lock: whose are believed, and that reading them opens nothing of a user's.
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { askAsRoot, askAsUser, isAskPending, takeAsks, takeBackAsk } from "../../../src/lock/ask.ts";
import { askFile, askLink, isAsked } from "../../../src/lock/ask-places.ts";
import type { Login } from "../../../src/login/login.ts";
import { describeAsRoot } from "../../support/root.ts";

const USER = 65534;
const STRANGER = 65533;
const server = { pid: 4_000_000, startTicks: 7 };
const login: Login = {
  privileged: server,
  child: undefined,
  server,
  user: "alice",
  uid: USER,
  client: undefined,
  startedBootMs: 0,
};

describeAsRoot("an ask for a lock", () => {
  let directory = "";
  let link = "";
  const take = () => takeAsks(login, directory, directory);
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "afkill-ask-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    link = askLink(login, directory);
  });

  /** Puts the link of a user. */
  function put(target: string, uid = USER): void {
    symlinkSync(target, link);
    lchownSync(link, uid, -1);
  }

  test("of the login's user counts once", () => {
    put("pts/3");
    expect(link).toMatch(/\/afkill-lock\.4000000-7$/);
    expect(isAsked(login, directory, directory)).toBe(true);
    expect(take()).toEqual([{ terminal: "pts/3", cause: "user", by: "" }]);
    expect(isAsked(login, directory, directory)).toBe(false);
    expect(take()).toEqual([]);
  });

  test("of another user counts for nobody, and is taken out of the way", () => {
    put("pts/3", STRANGER);
    expect(take()).toEqual([]);
    expect(lstatSync(link, { throwIfNoEntry: false })).toBeUndefined();
  });

  test.each(["pts/", "pts/3 ", "/dev/pts/3", "../pts/3", "pts/12345678", "tty1", "pts/3\npts/4"])(
    "for %j asks for nothing",
    (target) => {
      put(target);
      expect(take()).toEqual([]);
    },
  );

  test("that is no link is neither read nor removed", () => {
    writeFileSync(link, "pts/3");
    chownSync(link, USER, -1);
    expect(take()).toEqual([]);
    expect(existsSync(link)).toBe(true);
  });

  const text = (more: object = {}) =>
    JSON.stringify({ version: 1, by: "bob", terminals: ["pts/3", "pts/4"], ...more });

  test("of root counts once for each terminal, or for all", () => {
    writeFileSync(askFile(directory), text(), { mode: 0o600 });
    expect(isAsked(login, directory, directory)).toBe(true);
    const ask = { cause: "administrator", by: "bob" };
    expect(take()).toEqual([
      { ...ask, terminal: "pts/3" },
      { ...ask, terminal: "pts/4" },
    ]);
    expect(take()).toEqual([]);
    writeFileSync(askFile(directory), text({ terminals: null }), { mode: 0o600 });
    expect(take()).toEqual([{ ...ask, terminal: null }]);
  });

  test.each([
    ["of another form", () => writeFileSync(askFile(directory), "{"), false],
    ["of a later version", () => writeFileSync(askFile(directory), text({ version: 2 })), false],
    ["for other things", () => writeFileSync(askFile(directory), text({ terminals: ["../x"] })), false],
    [
      "that belongs to another",
      () => {
        writeFileSync(askFile(directory), text());
        chownSync(askFile(directory), USER, -1);
      },
      true,
    ],
    [
      "that others may write",
      () => {
        writeFileSync(askFile(directory), text());
        chmodSync(askFile(directory), 0o666);
      },
      true,
    ],
    [
      "through a link",
      () => {
        writeFileSync(join(directory, "other"), text());
        symlinkSync("other", askFile(directory));
      },
      true,
    ],
  ])("of root's file %s counts for nothing", (_, make, stays) => {
    make();
    expect(take()).toEqual([]);
    expect(lstatSync(askFile(directory), { throwIfNoEntry: false }) !== undefined).toBe(stays);
  });

  test("is put by a user, replaced and taken back", () => {
    askAsUser(login, "pts/3", directory);
    expect(isAskPending(login, directory)).toBe(true);
    askAsUser(login, "pts/4", directory);
    expect(readlinkSync(link)).toBe("pts/4");
    expect(takeBackAsk(login, directory)).toBe(true);
    expect([isAskPending(login, directory), takeBackAsk(login, directory)]).toEqual([false, false]);
  });

  test("of a user says when another user is in the way, and does not touch that", () => {
    put("pts/3", STRANGER);
    expect(() => askAsUser(login, "pts/3", directory)).toThrow(
      /belongs to another user.* sudo afkill lock pts\/3$/,
    );
    expect(takeBackAsk(login, directory)).toBe(false);
    expect(readlinkSync(link)).toBe("pts/3");
  });

  test("of root is not left where no watchdog was woken", () => {
    expect(askAsRoot(login, directory, { by: "bob", terminals: null })).toBe(false);
    expect(existsSync(askFile(directory))).toBe(false);
  });
});
