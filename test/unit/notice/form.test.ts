import { describe, expect, it } from "vitest";
import { evidenceOf, formFor, isMultiplexerClient, isRelay } from "../../../src/notice/choose.ts";
import { barBytes, farewellBytes, fittingForm, promptBytes } from "../../../src/notice/form.ts";

describe("promptBytes", () => {
  it("makes room, inserts the lines and puts the cursor back where its line went", () => {
    expect(promptBytes(["one", "two"], { rows: 24, columns: 80 })).toBe(
      "\x18\x1bD\x1bD\x1b[2A\x1b7\r\x1b[2L\x1b[0;7mone\x1b[0m\r\n\x1b[0;7mtwo\x1b[0m\x1b8\x1b[2B",
    );
  });

  it("drops the lines for which there are no rows", () => {
    expect(promptBytes(["one", "two"], { rows: 2, columns: 80 })).toBe(
      "\x18\x1bD\x1b[1A\x1b7\r\x1b[1L\x1b[0;7mone\x1b[0m\x1b8\x1b[1B",
    );
  });
});

describe("barBytes", () => {
  it("fills row 1 but for its last column, and puts the cursor back", () => {
    expect(barBytes("text", { rows: 24, columns: 10 })).toBe(
      "\x18\x1b7\x1b[1;1H\x1b[0;7mtext     \x1b[0m\x1b8",
    );
  });

  it("takes 80 columns where none are set", () => {
    expect(barBytes("", { rows: 0, columns: 0 })).toContain(`m${" ".repeat(79)}\x1b`);
  });
});

describe("fittingForm", () => {
  it("leaves only the bell where there is one row, or one column", () => {
    expect(fittingForm("prompt", { rows: 1, columns: 80 })).toBe("bell");
    expect(fittingForm("bar", { rows: 24, columns: 1 })).toBe("bell");
    expect(fittingForm("prompt", { rows: 2, columns: 80 })).toBe("prompt");
    expect(fittingForm("bar", { rows: 0, columns: 0 })).toBe("bar");
  });
});

describe("farewellBytes", () => {
  it("resets what full-screen programs set, then says the text", () => {
    expect(farewellBytes("bye", { rows: 24, columns: 80 })).toBe(
      "\x18\x1b\\\x1b[?2026l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1004l\x1b[?2004l\x1b[?9l" +
        "\x1b7\x1b[?1049l\x1b7\x1b[r\x1b8\x1b[?1l\x1b>\x1b[4l\x1b[?7h\x1b[?25h\x1b[0 q\x0f\x1b(B\x1b[0m\r\nbye\x1b[K\r\n",
    );
  });

  it("breaks a long text between words, and a long word where it must", () => {
    const bytes = farewellBytes("afkill: one two threefourfive", { rows: 24, columns: 10 });
    expect(bytes.split("\r\n").slice(1)).toEqual([
      "afkill:\x1b[K",
      "one two\x1b[K",
      "threefour\x1b[K",
      "five\x1b[K",
      "",
    ]);
  });
});

describe("formFor", () => {
  const lineMode = { local: 0o2, output: 0o5 };
  const raw = { local: 0, output: 0o5 };
  const curses = { local: 0, output: 0o1 };
  const rawOutput = { local: 0, output: 0o4 };
  const pyrepl = { local: 0o1, output: 0o4 };

  it.each([
    ["a build", lineMode, ["make", "cc1"], "prompt"],
    ["dash", lineMode, ["dash"], "prompt"],
    ["bash", raw, ["bash"], "prompt"],
    ["a login shell", raw, ["-zsh"], "prompt"],
    ["python", raw, ["python3.11"], "prompt"],
    ["psql", raw, ["psql"], "prompt"],
    ["psql's pager", raw, ["psql", "less"], "bar"],
    ["less", raw, ["less"], "bar"],
    ["less in a script", raw, ["bash", "less"], "bar"],
    ["top", raw, ["top"], "bar"],
    ["vim", curses, ["vim"], "bar"],
    ["a full-screen program that calls itself bash", curses, ["bash"], "bar"],
    ["python from 3.13 on", pyrepl, ["python3.13"], "prompt"],
    ["a python program that takes the terminal", rawOutput, ["python3"], "bar"],
    ["another program that leaves signals on", pyrepl, ["mc"], "bar"],
    ["a program that python started", pyrepl, ["python3", "editor"], "bar"],
    ["nano", rawOutput, ["nano"], "bar"],
    ["a nested ssh", rawOutput, ["ssh"], "bar"],
    ["nobody known", raw, [], "bar"],
  ] as const)("%s", (_, flags, names, form) => {
    expect(formFor(evidenceOf(flags, names))).toBe(form);
  });
});

describe("names", () => {
  it("knows relays, but not the subshell of a file manager", () => {
    expect(isRelay(["sudo"])).toBe(true);
    expect(isRelay(["script"])).toBe(true);
    expect(isRelay(["mc"])).toBe(false);
  });

  it("knows a multiplexer's client from its server", () => {
    expect(isMultiplexerClient("tmux: client")).toBe(true);
    expect(isMultiplexerClient("screen")).toBe(true);
    expect(isMultiplexerClient("tmux: server")).toBe(false);
    expect(isMultiplexerClient("screencast")).toBe(false);
  });
});
