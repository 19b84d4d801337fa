import { expect, test } from "vitest";
import { askTerminal, guessedState, isAlternate } from "../../../src/lock/questions.ts";
import { fullScreenBytes, lockTerminal } from "../../support/lock-screen.ts";

/** A terminal that answers each write with these pieces, one for each read, and keeps what it was sent. */
function scripted(...answers: (readonly string[])[]) {
  const left = [...answers];
  const pieces: string[] = [];
  const sent: string[] = [];
  return {
    sent,
    io: {
      write: async (bytes: string) => {
        sent.push(bytes);
        pieces.push(...(left.shift() ?? []));
        return true;
      },
      read: async (withinMs: number) => {
        const piece = pieces.shift();
        if (piece === undefined) await new Promise((resolve) => setTimeout(resolve, withinMs));
        return Buffer.from(piece ?? "", "latin1");
      },
    },
  };
}

test("a real emulator answers, and is as before", async () => {
  const terminal = lockTerminal(80, 24);
  await terminal.write(fullScreenBytes(80, 24));
  const before = await terminal.picture();
  const state = await askTerminal(terminal.io);
  expect(state).toMatchObject({
    answers: true,
    modes: { 1049: "on", 25: "off", 6: "off", 1000: "off", 1003: "on", 1004: "on", 1006: "on", 2004: "on" },
  });
  expect(await terminal.picture()).toEqual(before);
});

test("answers in pieces and between keys are put together", async () => {
  const { io } = scripted(
    ["l", "s\r\x1b", "[?64;1", ";9c"],
    ["\x1b[>41;354;0c\x1b[?64;1;9c"],
    ["\x1b[?1049;1$y\x1b[?2", "5;2$yx\x1b[A\x1b[?2004;3$y\x1b[?1000;4$y\x1b[?1006;0$y", "\x1b[?64c"],
  );
  const state = await askTerminal(io);
  expect(state?.modes).toMatchObject({
    1049: "on",
    25: "off",
    2004: "on",
    1000: "off",
    1006: "unknown",
    47: "unknown",
  });
});

test("what was read is filled with 0", async () => {
  const read = Buffer.from("secret\r\x1b[?6c");
  await askTerminal({ write: async () => true, read: async () => read });
  expect(read.every((byte) => byte === 0)).toBe(true);
});

test("a terminal that would show the questions is not asked them", async () => {
  const console = scripted(["\x1b[?6c"]);
  expect(await askTerminal(console.io)).toBeUndefined();
  expect(console.sent.join("")).not.toMatch(/\$p|>c/);
  const apple = scripted(["\x1b[?1;2c"], ["\x1b[>1;95;0c\x1b[?1;2c"]);
  expect(await askTerminal(apple.io)).toBeUndefined();
  expect(apple.sent.join("")).not.toContain("$p");
});

test("a terminal whose answer takes some seconds is waited for", async () => {
  let answer = "";
  const io = {
    write: async () => {
      setTimeout(() => {
        answer = "\x1b[?64c";
      }, 3_000);
      return true;
    },
    read: async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const bytes = Buffer.from(answer);
      answer = "";
      return bytes;
    },
  };
  expect((await askTerminal(io))?.answers).toBe(true);
});

test("a terminal that answers nothing, or stops answering, is given up in time", async () => {
  const begunMs = performance.now();
  expect(await askTerminal(scripted().io, 500)).toBeUndefined();
  expect(await askTerminal(scripted(["\x1b[?64c"]).io, 500)).toBeUndefined();
  expect(performance.now() - begunMs).toBeGreaterThan(900);
  expect(
    await askTerminal({ write: async () => false, read: async () => Buffer.from("\x1b[?64c") }),
  ).toBeUndefined();
});

test("somebody who holds a key does not keep a lock from standing", async () => {
  let reads = 0;
  const read = async () => (++reads > 100 ? Buffer.from("\x1b[?6c") : Buffer.alloc(1 << 16, "x"));
  expect(await askTerminal({ write: async () => true, read })).toBeUndefined();
  expect(reads).toBeLessThan(20);
});

test("a guess is the screen that a notice would be for", () => {
  expect(isAlternate(guessedState("bar"))).toBe(true);
  expect(isAlternate(guessedState("prompt"))).toBe(false);
  expect(guessedState("bar")).toMatchObject({ answers: false, modes: { 25: "unknown", 1000: "unknown" } });
});
