// The screen of a lock in an emulator: what stood there is gone while it is locked, and back afterwards.
import { describe, expect, test } from "vitest";
import { askTerminal, guessedState, isAlternate } from "../../../src/lock/questions.ts";
import { drawScreen, giveScreenBack, type ScreenState, takeScreen } from "../../../src/lock/screen.ts";
import { screenText } from "../../../src/lock/screen-text.ts";
import { lockFacts, lockPrompt } from "../../support/lock-facts.ts";
import {
  fullScreenBytes,
  type LockTerminal,
  lockTerminal,
  SECRET,
  shellBytes,
} from "../../support/lock-screen.ts";

const SIZES = [
  [80, 24],
  [20, 5],
  [132, 43],
  [80, 2],
] as const;

async function lock(terminal: LockTerminal, state: ScreenState, typed: string): Promise<void> {
  const { cols: columns, rows } = terminal.emulator;
  await terminal.write(takeScreen(state, { rows, columns }));
  for (const stars of ["", typed])
    await terminal.write(
      drawScreen(screenText(lockFacts(), lockPrompt({ typed: stars })), { rows, columns }),
    );
}

const mustAnswer = async (terminal: LockTerminal) => {
  const state = await askTerminal(terminal.io);
  if (state === undefined) throw new Error("no answer");
  return state;
};

describe.each(SIZES)("at %i columns and %i rows", (columns, rows) => {
  test("the main screen is hidden and comes back, with its scrollback", async () => {
    const terminal = lockTerminal(columns, rows);
    await terminal.write(shellBytes(rows));
    const before = await terminal.picture();
    const state = await mustAnswer(terminal);
    expect(await terminal.picture()).toEqual(before);
    expect(isAlternate(state)).toBe(false);
    await lock(terminal, state, "***");
    expect(terminal.visible().join("\n")).not.toContain(SECRET);
    expect(terminal.visible().join("\n")).toContain("Password: ***");
    expect(terminal.emulator.buffer.active.type).toBe("alternate");
    expect(terminal.emulator.buffer.active.cursorX).toBe(Math.min("Password: ***".length, columns - 1));
    expect(terminal.emulator.modes.bracketedPasteMode).toBe(false);
    await terminal.write(giveScreenBack(state));
    expect(await terminal.picture()).toEqual(before);
    expect(terminal.bells()).toBe(1);
  });

  test("the alternate screen is hidden, and comes back empty with its modes and its cursor", async () => {
    const terminal = lockTerminal(columns, rows);
    await terminal.write(shellBytes(rows));
    await terminal.write(fullScreenBytes(columns, rows));
    const { alternate: _, ...before } = (await terminal.picture()) as { alternate: unknown };
    const state = await mustAnswer(terminal);
    await lock(terminal, state, "***");
    expect(terminal.visible().join("\n")).not.toContain(SECRET);
    expect(terminal.visible().join("\n")).toContain("Password: ***");
    const { modes } = terminal.emulator;
    expect([modes.mouseTrackingMode, modes.sendFocusMode, modes.bracketedPasteMode]).toEqual([
      "none",
      false,
      false,
    ]);
    await terminal.write(giveScreenBack(state));
    expect(terminal.visible().every((row) => row === "")).toBe(true);
    const { alternate: __, ...after } = (await terminal.picture()) as { alternate: unknown };
    expect(after).toEqual(before);
  });
});

test("nothing of the screen shows where it is larger than the kernel was told", async () => {
  // In three rows the text leaves none free.
  for (const size of [
    { rows: 24, columns: 80 },
    { rows: 3, columns: 80 },
  ]) {
    const terminal = lockTerminal(100, 40);
    await terminal.write(shellBytes(40));
    await terminal.write(fullScreenBytes(100, 40));
    const state = await mustAnswer(terminal);
    await terminal.write(takeScreen(state, size) + drawScreen(screenText(lockFacts(), lockPrompt({})), size));
    expect(terminal.visible().join("\n")).not.toContain(SECRET);
  }
});

test("a smaller text leaves nothing of the one before", async () => {
  const terminal = lockTerminal(80, 24);
  const state = await mustAnswer(terminal);
  const size = { rows: 24, columns: 80 };
  const draw = (prompt: Parameters<typeof lockPrompt>[0]) =>
    terminal.write(drawScreen(screenText(lockFacts(), lockPrompt(prompt)), size));
  await terminal.write(takeScreen(state, size));
  await draw({ question: "1 a\n2 b\n3 c\nChoose: ", said: ["one", "two"], typed: "123" });
  expect(terminal.visible().join("\n")).toContain("2 b");
  await draw({});
  const fresh = lockTerminal(80, 24);
  await fresh.write(takeScreen(state, size) + drawScreen(screenText(lockFacts(), lockPrompt({})), size));
  expect(terminal.visible()).toEqual(fresh.visible());
});

test("a screen whose origin is moved, in colour, with the cursor below its margins", async () => {
  const terminal = lockTerminal(80, 24);
  await terminal.write(`${shellBytes(24)}${fullScreenBytes(80, 24)}\x1b[5;20r\x1b[?6h\x1b[3;3H\x1b[41;1m`);
  const before = (await terminal.picture()) as Record<string, unknown>;
  const state = await mustAnswer(terminal);
  await lock(terminal, state, "*");
  expect(terminal.visible()[0]).toBe("afkill: this terminal is locked");
  expect(terminal.visible().join("\n")).not.toContain(SECRET);
  await terminal.write(giveScreenBack(state));
  expect(await terminal.picture()).toMatchObject({ ...before, alternate: expect.anything() });
});

test("a terminal that does not answer keeps its main screen, if the guess is right", async () => {
  const terminal = lockTerminal(80, 24, () => "");
  await terminal.write(shellBytes(24));
  const before = await terminal.picture();
  const state = guessedState("prompt");
  await lock(terminal, state, "*");
  expect(terminal.visible().join("\n")).not.toContain(SECRET);
  await terminal.write(giveScreenBack(state));
  expect(await terminal.picture()).toEqual(before);
});

test("a program that was stopped in the middle of a sequence or a title swallows nothing, and sets no half title", async () => {
  for (const begun of ["\x1b[3", "\x1b]0;a title", "\x1bP1$r"]) {
    const terminal = lockTerminal(80, 24);
    const titles: string[] = [];
    terminal.emulator.onTitleChange((title) => titles.push(title));
    await terminal.write(`${shellBytes(24)}${begun}`);
    await lock(terminal, guessedState("prompt"), "*");
    expect(terminal.visible()[0]).toBe("afkill: this terminal is locked");
    expect(titles).toEqual([]);
  }
});
