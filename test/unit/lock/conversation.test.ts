// Attempts whose other side is not as it should be: a shell in the place of ask-pam.
import { expect, test } from "vitest";
import { converse, NO_DECISION } from "../../../src/lock/conversation.ts";

const asked: string[] = [];

/** The decision of an attempt with a script that writes on 3 and reads on 4. */
function attempt(script: string, signal = new AbortController().signal) {
  return converse(
    { user: "alice", tty: "pts/3", rhost: "" },
    {
      ask: async (text) => {
        asked.push(text);
        return Buffer.from("x".repeat(2000));
      },
      say: async () => undefined,
      signal,
    },
    { command: ["/bin/sh", "-c", script, "sh"], silenceMs: 5_000 },
  );
}

test("a program that is not there asks nobody", async () => {
  const decision = await converse(
    { user: "alice", tty: "pts/3", rhost: "" },
    { ask: async () => Buffer.alloc(0), say: async () => undefined, signal: new AbortController().signal },
    { command: ["/none/ask-pam"] },
  );
  expect(decision).toEqual({ code: NO_DECISION, text: "PAM was not asked: spawn /none/ask-pam ENOENT" });
});

test.each([
  ["that is no JSON", "echo right >&3; sleep 60"],
  ["of another kind", `echo '{"kind":"unlock"}' >&3; sleep 60`],
  ["without a code", `echo '{"kind":"result","code":"0","text":""}' >&3; sleep 60`],
  ["without an end", "tr '\\0' x </dev/zero | head -c 1000000 >&3; sleep 60"],
])("a line %s decides nothing", async (_, script) => {
  expect((await attempt(script)).code).toBe(NO_DECISION);
});

test("one that ends without a word decides nothing, whatever its status", async () => {
  expect(await attempt("exit 0")).toEqual({
    code: NO_DECISION,
    text: "PAM ended without a decision (status 0)",
  });
});

test("what it gets is the user and the place, and nothing of the environment", async () => {
  const told = `printf '{"kind":"result","code":7,"text":"%s"}\\n' "$(printf %s "$1" | tr -d '"') $(env | sort | tr '\\n' ' ')" >&3`;
  const { text } = await attempt(told);
  expect(text).toMatch(/^\{service:afkill,user:alice,tty:pts\/3,rhost:\} LANG=C PATH=\S+ PWD=\/ $/);
});

test("an answer is cut to what PAM takes, and ends in a 0", async () => {
  const script = `echo '{"kind":"ask","text":"Password: ","echo":false}' >&3
    got=$(head -c 512 <&4 | tr '\\0' y)
    printf '{"kind":"result","code":7,"text":"%s"}\\n' "$got" >&3`;
  expect((await attempt(script)).text).toBe(`${"x".repeat(511)}y`);
  expect(asked).toContain("Password: ");
});

test("one that is stopped before it begins starts nothing", async () => {
  expect(await attempt("echo >&3", AbortSignal.abort())).toEqual({ code: NO_DECISION, text: "stopped" });
});
