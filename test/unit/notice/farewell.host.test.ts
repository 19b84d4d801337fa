import { mkdtempSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isAlive, readStat } from "../../../src/login/process.ts";
import type { Terminal } from "../../../src/login/terminal.ts";
import { sayFarewell } from "../../../src/notice/farewell.ts";
import { foregroundOf } from "../../../src/notice/owner.ts";
import { farewell } from "../../../src/notice/text.ts";
import { FULL_SCREEN, makeHome, startProgram, stopServers } from "../../support/notice-programs.ts";
import { pause, type Screen, startScreen } from "../../support/notice-screen.ts";

const TEXT = farewell({
  user: "alice",
  at: new Date(2026, 0, 2, 14, 5),
  reason: "idle for 15m, the limit is 15m",
});

function expectSane({ emulator, sent }: Screen): void {
  expect(emulator.buffer.active.type).toBe("normal");
  expect(emulator.modes).toEqual({
    applicationCursorKeysMode: false,
    applicationKeypadMode: false,
    bracketedPasteMode: false,
    insertMode: false,
    mouseTrackingMode: "none",
    originMode: false,
    reverseWraparoundMode: false,
    sendFocusMode: false,
    synchronizedOutputMode: false,
    wraparoundMode: true,
  });
  const lastCursorMode =
    sent()
      .match(/\x1b\[\?(?:\d+;)*25(?:;\d+)*[hl]/g)
      ?.at(-1) ?? "";
  expect(lastCursorMode.endsWith("h")).toBe(true);
}

function textIsLast(screen: Screen): boolean {
  const { x, y } = screen.cursor();
  return (
    x === 0 &&
    screen.rows()[y - 1] === TEXT &&
    screen
      .rows()
      .slice(y)
      .every((row) => row === "")
  );
}

const SHELL = { name: "a shell", line: "cd", ready: /[$#]$/ };
const PROGRAMS = [...FULL_SCREEN, SHELL];
/** A program that redraws all the time, and sets its modes anew each time. */
const RESTLESS = {
  name: "a program that never rests",
  line: "while :; do printf '\\033[?1049h\\033[?1000h\\033[?25l\\033[2;2Hdrawn %s' \"$((n+=1))\"; done",
  ready: /drawn \d+/,
  restless: true,
} as const;

/** The shell is stuck in the write of its `echo`. */
function isBlocked(terminal: Terminal): boolean {
  return terminal.foregroundIsLeader && readStat(terminal.leader?.pid ?? 0)?.state === "S";
}

describe.concurrent("the last line", { timeout: 60_000 }, () => {
  for (const program of [...PROGRAMS, RESTLESS]) {
    it(`leaves a sane terminal behind ${program.name}, and nothing stopped`, async () => {
      using home = makeHome();
      using screen = await startProgram(program, home);
      try {
        const terminal = screen.terminal();
        const frozen = await sayFarewell(terminal, TEXT);
        expect(frozen).toBeDefined();
        await screen.waitFor("the last line", () => textIsLast(screen));
        expectSane(screen);
        const members = foregroundOf(terminal)?.members ?? [];
        expect(
          [terminal.leader, ...members].map((it) => it?.pid ?? 0).map((pid) => readStat(pid)?.state),
        ).toSatisfy((states: string[]) => states.every((state) => state === "T"));
        const sent = screen.sent();
        await pause(500);
        expect(screen.sent()).toBe(sent);

        // The connection goes, as when sshd ends; then what was stopped may find that out.
        (screen.pty as unknown as { destroy(): void }).destroy();
        frozen?.thaw();
        await screen.waitFor(
          "the end of all",
          () => ![terminal.leader, ...members].some((it) => it !== undefined && isAlive(it)),
        );
        expectSane(screen);
      } finally {
        stopServers(home);
      }
    });
  }

  it("can be followed by a thaw without an end: the program goes on", async () => {
    using home = makeHome();
    using screen = await startProgram(SHELL, home);
    const frozen = await sayFarewell(screen.terminal(), TEXT);
    frozen?.thaw();
    screen.type("echo on-$((40+2))\r");
    await screen.waitFor("the answer", () => screen.rows().includes("on-42"));
  });

  it("writes down what it stops, and forgets it when that goes on", async () => {
    using home = makeHome();
    using screen = await startProgram(SHELL, home);
    const { leader } = screen.terminal();
    const directory = mkdtempSync(join(tmpdir(), "farewell-"));
    const frozen = await sayFarewell(screen.terminal(), TEXT, directory);
    const [name = ""] = readdirSync(directory);
    expect(name).toMatch(new RegExp(`^frozen-${process.pid}-\\d+$`));
    const { pid, startTicks } = readStat(process.pid) ?? { pid: 0, startTicks: 0 };
    expect(readFileSync(join(directory, name), "utf8")).toBe(
      `version 1\nstopper ${pid} ${startTicks}\nstopped ${leader?.pid} ${leader?.startTicks}\nend\n`,
    );
    expect(readStat(leader?.pid ?? 0)?.state).toBe("T");
    frozen?.thaw();
    expect(readdirSync(directory)).toEqual([]);
    rmdirSync(directory);
  });

  it("stops nothing that it cannot write down, and says the line all the same", async () => {
    using home = makeHome();
    using screen = await startProgram(SHELL, home);
    const frozen = await sayFarewell(screen.terminal(), TEXT, "/dev/null/nowhere");
    expect(frozen).toBeDefined();
    await screen.waitFor("the last line", () => screen.rows().includes(TEXT));
    expect(readStat(screen.pty.pid)?.state).toBe("S");
  });

  it("does not let the shell see that its job was stopped", async () => {
    using home = makeHome();
    using screen = await startProgram(SHELL, home);
    screen.type('less "$HOME/text"\r');
    await screen.waitFor("less", () => screen.rows()[0] === "line 1");
    const frozen = await sayFarewell(screen.terminal(), TEXT);
    await screen.waitFor("the last line", () => textIsLast(screen));
    expect(screen.sent()).not.toContain("Stopped");
    frozen?.thaw();
    screen.type("q");
    await screen.waitFor("the shell", () => screen.rows()[screen.cursor().y]?.endsWith("$") === true);
    expect(screen.sent()).not.toContain("Stopped");
  });

  it("does not let go what was stopped before", async () => {
    using screen = startScreen(["/bin/dash", "-c", "echo ready; kill -STOP $$; sleep 100"]);
    await screen.waitFor("a stopped leader", () => readStat(screen.pty.pid)?.state === "T");
    const frozen = await sayFarewell(screen.terminal(), TEXT);
    expect(frozen).toBeDefined();
    frozen?.thaw();
    await pause(100);
    expect(readStat(screen.pty.pid)?.state).toBe("T");
  });

  it("keeps the sessions of tmux", async () => {
    using home = makeHome();
    const [tmux] = FULL_SCREEN.filter(({ name }) => name === "tmux");
    if (!tmux) throw new Error("no tmux");
    using screen = await startProgram(tmux, home);
    try {
      const frozen = await sayFarewell(screen.terminal(), TEXT);
      frozen?.thaw();
      await screen.settle();
      screen.type('\rtmux -S "$HOME/socket" list-sessions\r');
      await screen.waitFor("its session", () => screen.rows().some((row) => /^0: 1 windows/.test(row)));
    } finally {
      stopServers(home);
    }
  });

  it("reaches a terminal that its user holds with Ctrl-S", async () => {
    using home = makeHome();
    using screen = await startProgram(SHELL, home);
    screen.type("sleep 0.5; echo un''seen\r");
    await screen.waitFor("sleep in front", () => !screen.terminal().foregroundIsLeader);
    screen.type("\x13");
    await screen.waitFor("a stuck shell", () => isBlocked(screen.terminal()));
    expect(screen.rows()).not.toContain("unseen");
    const frozen = await sayFarewell(screen.terminal(), TEXT);
    await screen.waitFor("the last line", () => textIsLast(screen));
    frozen?.thaw();
  });
});
