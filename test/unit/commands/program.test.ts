// The commander program that is made for one command is the whole one but for the others.
import { expect, test } from "vitest";
import { newProgram } from "../../../src/commands/program.ts";

const whole = newProgram();
const names = whole.commands.map((command) => command.name());

test.each(names)("%s is the same in a program of its own", (name) => {
  const alone = newProgram(name);
  expect(alone.commands.map((command) => command.name())).toEqual(name === "completion" ? names : [name]);
  const helpIn = (program: typeof whole) =>
    program.commands.find((command) => command.name() === name)?.helpInformation();
  expect(helpIn(alone)).toBe(helpIn(whole));
});

test.each(["kill", "help", "--version", "lst", "constructor", ""])("%j gets the whole program", (word) => {
  expect(newProgram(word).helpInformation()).toBe(whole.helpInformation());
});
