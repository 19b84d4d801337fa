// Attempts with the host's own libpam and modules, with a service and a user of the test's own. Needs root.
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { converse, NO_DECISION } from "../../../src/lock/conversation.ts";
import { DEBIAN, lockServiceText } from "../../../src/setup/lock-service.ts";
import { HASH, makeModule, PASSWORD, pamOfOurOwn, USER } from "../../support/pam.ts";

const PAM_AUTH_ERR = 7;
const PAM_PERM_DENIED = 6;
const PAM_CONV_ERR = 19;
const ACCOUNT = "account required pam_permit.so";
const CODE = `auth required ${makeModule()}`;
const UNIX = "auth required pam_unix.so nodelay";

/** Makes an attempt; `answers` are given in turn. Returns its decision and everything that PAM said and asked. */
async function attempt(
  rules: readonly string[],
  answers: readonly string[] = [],
  { field = undefined as string | undefined, silenceMs = 20_000 } = {},
) {
  const seen: string[] = [];
  const given: Buffer[] = [];
  const left = [...answers];
  const decision = await converse(
    { user: USER, tty: "pts/77", rhost: "client.example" },
    {
      ask: async (text, echo) => {
        seen.push(`${echo ? "ask aloud" : "ask"}: ${text}`);
        const answer = Buffer.from(left.shift() ?? "none left");
        given.push(answer);
        return answer;
      },
      say: async (text, isError) => void seen.push(`${isError ? "error" : "say"}: ${text}`),
      signal: new AbortController().signal,
    },
    { command: pamOfOurOwn(rules, field), silenceMs },
  );
  return { decision, seen, given };
}

/** The processes that have this word in their arguments. */
function running(word: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(word);
      } catch {
        return false;
      }
    })
    .map(Number);
}

test("the right password is right, a wrong one is wrong, and no copy of either stays here", async () => {
  const right = await attempt([UNIX, "account required pam_unix.so"], [PASSWORD]);
  expect(right.decision).toEqual({ code: 0, text: "Success" });
  expect(right.seen).toEqual(["ask: Password: "]);
  const wrong = await attempt([UNIX, ACCOUNT], ["open sesame"]);
  expect(wrong.decision).toEqual({ code: PAM_AUTH_ERR, text: "Authentication failure" });
  for (const answer of [...right.given, ...wrong.given])
    expect(answer.every((byte) => byte === 0)).toBe(true);
});

test("each prompt of the stack is asked, in turn", async () => {
  const rules = [UNIX, "auth required pam_echo.so and once more", CODE, ACCOUNT];
  const { decision, seen } = await attempt(rules, [PASSWORD, "123456"]);
  expect(seen).toEqual(["ask: Password: ", "say: and once more", "ask aloud: Code: "]);
  expect(decision.code).toBe(0);
  expect((await attempt(rules, [PASSWORD, "654321"])).decision.code).toBe(PAM_AUTH_ERR);
});

test("an empty password is no proof, although a module would take it", async () => {
  const nullok = "auth required pam_unix.so nodelay nullok";
  expect((await attempt([nullok, ACCOUNT], [""], { field: ":19000:0:99999:7:::" })).decision.code).toBe(
    PAM_AUTH_ERR,
  );
  expect((await attempt([nullok, ACCOUNT], [""])).decision.code).toBe(PAM_AUTH_ERR);
});

test("an account that may not log in is refused, one that must change its password is not", async () => {
  const rules = [UNIX, "account required pam_unix.so"];
  const of = (days: string) => attempt(rules, [PASSWORD], { field: `${HASH}${days}` });
  // Expired in 1970: the fields after the password are last change, least, most, warning, inactive, expiry.
  expect((await of(":19000:0:99999:7::1:")).decision.code).toBe(13);
  expect((await of(":0:0:99999:7:::")).decision.code).toBe(0);
  expect((await attempt([UNIX, "account required pam_deny.so"], [PASSWORD])).decision.code).not.toBe(0);
});

test("several questions at once get their answers, texts between them none", async () => {
  const { decision, seen } = await attempt([`${CODE} two`, ACCOUNT], ["both", "123456"]);
  expect(decision.code).toBe(0);
  expect(seen).toEqual(["ask: Both: ", "say: and", "ask aloud: Code: "]);
});

test("a question that is none is not answered, nor what was asked with it", async () => {
  expect((await attempt([`${CODE} odd`, ACCOUNT], ["123456"])).decision.code).toBe(PAM_CONV_ERR);
});

test("a module that makes somebody else of the user lets nobody in", async () => {
  const { decision } = await attempt([UNIX, `${CODE} rename`, ACCOUNT], [PASSWORD]);
  expect(decision).toEqual({ code: PAM_PERM_DENIED, text: "this is another user" });
});

test("modules know the terminal and the client, and get nothing else of the locker", async () => {
  const show = "auth optional pam_exec.so stdout /usr/bin/env";
  const { seen } = await attempt([show, "auth required pam_permit.so", ACCOUNT]);
  const said = seen.join("\n");
  expect(said).toContain("PAM_TTY=pts/77");
  expect(said).toContain("PAM_RHOST=client.example");
  expect(said).toContain(`PAM_RUSER=${USER}`);
});

test("a text of a module is told, and an error as an error", async () => {
  const rules = [
    "auth optional pam_exec.so /bin/false",
    "auth optional pam_echo.so swipe a finger",
    UNIX,
    ACCOUNT,
  ];
  const { seen } = await attempt(rules, [PASSWORD]);
  expect(seen[0]).toMatch(/^error: .*exit code 1/);
  expect(seen[1]).toBe("say: swipe a finger");
});

test("a module that hangs is killed, with what it has started", async () => {
  const word = `31536${process.pid}`;
  const begunMs = performance.now();
  const hung = attempt([`auth required pam_exec.so /bin/sleep ${word}`, ACCOUNT], [], { silenceMs: 6_000 });
  await expect.poll(() => running(word).length, { timeout: 20_000 }).toBe(1);
  const [pid = 0] = running("src/ask-pam.ts");
  // What it asks and is answered goes to no program of a module (O_CLOEXEC, octal), and nobody gets its memory.
  for (const fd of [3, 4])
    expect(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8")).toMatch(/^flags:\t02\d{6}$/m);
  expect(readFileSync(`/proc/${pid}/limits`, "utf8")).toMatch(/^Max core file size +0 +0 /m);
  expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).not.toContain(PASSWORD);
  expect((await hung).decision).toEqual({ code: NO_DECISION, text: "PAM does not answer" });
  expect(performance.now() - begunMs).toBeLessThan(30_000);
  await expect.poll(() => running(word), { timeout: 20_000 }).toEqual([]);
});

test("who is stopped while a question stands has decided nothing, and nothing runs on", async () => {
  const controller = new AbortController();
  const command = pamOfOurOwn([UNIX, ACCOUNT]);
  const decision = converse(
    { user: USER, tty: "pts/77", rhost: "" },
    {
      ask: () => {
        controller.abort();
        return new Promise(() => undefined);
      },
      say: async () => undefined,
      signal: controller.signal,
    },
    { command },
  );
  expect(await decision).toEqual({ code: NO_DECISION, text: "stopped" });
  await expect
    .poll(() => running(`"user":"${USER}","tty":"pts/77","rhost":""`), { timeout: 20_000 })
    .toEqual([]);
});

test("a module that crashes is no proof", async () => {
  const { decision } = await attempt([`${CODE} crash`, ACCOUNT]);
  expect(decision).toEqual({ code: NO_DECISION, text: "PAM ended without a decision (SIGABRT)" });
});

test("a service without rules, or without a module that it names, lets nobody in", async () => {
  expect((await attempt([], [PASSWORD])).decision.code).not.toBe(0);
  expect((await attempt(["auth required pam_none.so", ACCOUNT], [PASSWORD])).decision.code).not.toBe(0);
});

test.runIf(existsSync("/etc/pam.d/common-auth"))(
  "the service that an install writes asks by the host's own rules",
  async () => {
    // Each test has an /etc/pam.d of its own, so the host's rules stand in its place.
    const text = lockServiceText(DEBIAN).replace(/^(auth|account) include (\S+)$/gm, "$1 include HOST/$2");
    const folder = mkdtempSync(join(tmpdir(), "afkill-pam-"));
    for (const name of Object.values(DEBIAN)) copyFileSync(`/etc/pam.d/${name}`, join(folder, name));
    const rules = text.replaceAll("HOST", folder).trimEnd().split("\n");
    expect((await attempt(rules, [PASSWORD])).decision.code).toBe(0);
    expect((await attempt(rules, ["wrong"])).decision.code).toBe(PAM_AUTH_ERR);
    expect((await attempt(rules, [""], { field: ":19000:0:99999:7:::" })).decision.code).not.toBe(0);
  },
);
