import { closeSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { descendantsOf, isAlive, readStat } from "../../../src/login/process.ts";
import { openTerminal } from "../../../src/login/terminal.ts";
import { sayFarewell } from "../../../src/notice/farewell.ts";
import { showNotice, showStays, takeBack } from "../../../src/notice/show.ts";
import { stays, type Wording, warning } from "../../../src/notice/text.ts";
import { writeNotice } from "../../../src/notice/write.ts";
import { startScreen } from "../../support/notice-screen.ts";

function sayTo(user: string): (columns: number) => Wording {
  return (columns) =>
    warning({
      user,
      kind: "idle",
      idleMs: 840_000,
      lastedMs: 0,
      maxLoginMs: 0,
      closesInMs: 60_000,
      closesAt: new Date(2026, 0, 2, 14, 5),
      message: "",
      columns,
    });
}
const say = sayTo("alice");
const BASH = ["/bin/bash", "--norc", "--noprofile", "-i"] as const;

describe.concurrent("delivery", { timeout: 60_000 }, () => {
  it("gives up on a terminal that its user holds with Ctrl-S, and leaves nothing for later", async () => {
    using screen = startScreen(["/bin/cat"]);
    await screen.settle();
    screen.type("\x13");
    await screen.settle();
    expect(await showNotice(screen.terminal(), say)).toBeUndefined();
    screen.type("\x11still here\r");
    await screen.waitFor(
      "cat's answer",
      () => screen.rows().filter((row) => row === "still here").length === 2,
    );
    expect(screen.sent()).not.toContain("afkill");
  });

  it("gives up on a terminal whose buffer is full, without waiting for it", async () => {
    using screen = startScreen(["/bin/sh", "-c", "sleep 0.5; exec yes"]);
    const terminal = screen.terminal();
    screen.pty.pause();
    let bytes = -1;
    await screen.waitFor("yes to be stuck", () => {
      const before = bytes;
      bytes = readStat(screen.pty.pid)?.name === "yes" ? (readStat(screen.pty.pid)?.cpuMs ?? 0) : -1;
      return bytes >= 0 && bytes === before && readStat(screen.pty.pid)?.state === "S";
    });
    expect(await showNotice(terminal, say)).toBeUndefined();
  });

  it("closes off what a terminal took only a part of, once it takes bytes again", async () => {
    using screen = startScreen(["/bin/sleep", "1000"]);
    const fd = openTerminal(screen.terminal());
    try {
      screen.pty.pause();
      const writing = writeNotice(fd, "\x1b[0;7m".padEnd(1_000_000, "x"));
      screen.pty.resume();
      expect(await writing).toBe(false);
      await screen.waitFor("the repair", () => screen.sent().endsWith("x\x18\x1b[0m\x1b8"));
    } finally {
      closeSync(fd);
    }
  });

  it("finds a terminal that is gone, and says so without an error", async () => {
    using screen = startScreen(["/bin/sh"]);
    const terminal = screen.terminal();
    const shown = { form: "bar", group: screen.pty.pid } as const;
    process.kill(screen.pty.pid, "SIGKILL");
    await screen.waitFor("its end", () => readStat(screen.pty.pid) === undefined);
    expect(await showNotice(terminal, say)).toBeUndefined();
    expect(await sayFarewell(terminal, "bye")).toBeUndefined();
    await takeBack(terminal, shown);
    await showStays(terminal, shown, (columns) => stays({ why: "key", columns }));
  });

  it("does not write to another terminal that has the same number by now", async () => {
    using screen = startScreen(["/bin/cat"]);
    const real = screen.terminal();
    const other = {
      ...real,
      master: undefined,
      leader: real.leader && { ...real.leader, startTicks: real.leader.startTicks - 1 },
    };
    expect(await showNotice(other, say)).toBeUndefined();
    expect(await sayFarewell(other, "bye")).toBeUndefined();
    await screen.settle();
    expect(screen.sent()).toBe("");
  });

  it("lets no user name send a control character", async () => {
    using screen = startScreen(["/bin/cat"]);
    const titles: string[] = [];
    screen.emulator.onTitleChange((title) => titles.push(title));
    await showNotice(screen.terminal(), sayTo("\x1b]0;owned\x07\x1b[2J\r\n"));
    await screen.waitFor("the notice", () =>
      screen.rows().some((row) => row.startsWith("?]0;owned??[2J??: idle")),
    );
    expect(titles).toEqual([]);
    expect(screen.bells()).toBe(1);
  });

  it("waits until a program has finished what it draws", async () => {
    const draw = "for n in 1 2 3 4 5 6 7 8 9 10; do printf A; sleep 0.05; done; printf B; sleep 1000";
    using screen = startScreen(["/bin/sh", "-c", draw]);
    await screen.waitFor("the first of it", () => screen.sent().includes("A"));
    await showNotice(screen.terminal(), say);
    await screen.waitFor("the notice", () => screen.sent().includes("afkill"));
    expect(screen.sent().startsWith("AAAAAAAAAAB")).toBe(true);
  });

  it("does not wait for ever for one that never rests", async () => {
    using screen = startScreen(["/bin/sh", "-c", "while :; do printf 'A\\n'; sleep 0.05; done"]);
    await screen.waitFor("the first of it", () => screen.sent().includes("A"));
    expect(await showNotice(screen.terminal(), say)).toBeDefined();
    await screen.waitFor("the notice", () => screen.sent().includes("afkill"));
  });

  it("rings only, on a terminal of one row", async () => {
    using screen = startScreen(["/bin/cat"], { rows: 1 });
    expect(await showNotice(screen.terminal(), say)).toMatchObject({ form: "bell" });
    await screen.settle();
    expect(screen.sent()).toBe("\x07");
  });

  it("says the essential on a terminal of two rows", async () => {
    using screen = startScreen(BASH, { rows: 2, columns: 50, env: { PS1: "$ " } });
    await screen.waitFor("a prompt", () => screen.rows()[0] === "$");
    screen.type("echo ha");
    await screen.settle();
    await showNotice(screen.terminal(), say);
    await screen.settle();
    expect(screen.rows()).toEqual(["afkill: closes in 60 s, press a key to stay", "$ echo ha"]);
  });
});

describe.concurrent("a terminal inside a terminal", { timeout: 60_000 }, () => {
  it("gets lines at a prompt inside script", async () => {
    using screen = startScreen(
      ["/bin/bash", "--norc", "-i", "-c", "script -qc 'exec bash --norc -i' /dev/null; :"],
      {
        env: { PS1: "$ ", SHELL: "/bin/bash" },
      },
    );
    const line = () => screen.rows()[screen.cursor().y] ?? "";
    await screen.waitFor("a prompt", () => line().endsWith("#") || line().endsWith("$"));
    screen.type("echo ha");
    await screen.waitFor("the typed text", () => line().endsWith("echo ha"));
    const typed = line();
    await screen.settle();
    expect(screen.terminal().inner).toBeDefined();
    expect(await showNotice(screen.terminal(), say)).toMatchObject({ form: "prompt" });
    await screen.settle();
    const { y } = screen.cursor();
    expect(screen.rows().slice(y - 2, y + 1)).toEqual([
      "afkill: closes in 60 s, press a key to stay",
      "alice: idle for 14 min, this login ends at 14:05",
      typed,
    ]);
  });

  for (const [name, line] of [
    ["less inside script", "script -qc 'less /etc/passwd' /dev/null"],
    ["htop inside script", "script -qc 'htop -d 100' /dev/null"],
    ["less under sudo", "sudo less /etc/passwd"],
    ["htop under sudo", "sudo htop -d 100"],
  ] as const) {
    it(`gets a bar over ${name}, and gets rid of it`, async () => {
      using screen = startScreen(["/bin/bash", "--norc", "-i", "-c", `${line}; :`], {
        env: { SHELL: "/bin/bash" },
      });
      await screen.waitFor(name, () => screen.rows().some((row) => /root:|F10/.test(row)));
      await screen.settle();
      expect(screen.terminal().inner).toBeDefined();
      const shown = await showNotice(screen.terminal(), say);
      expect(shown).toMatchObject({ form: "bar" });
      await screen.waitFor("the bar", () => screen.rows()[0]?.startsWith("afkill: closes") === true);
      await takeBack(screen.terminal(), shown);
      const barIsThere = () => screen.rows().some((row) => row.startsWith("afkill: "));
      await screen.waitFor("the bar gone", () => !barIsThere());
      await screen.settle();
      expect(barIsThere()).toBe(false);
    });
  }

  it("says the last line under sudo, and lets everything end", async () => {
    using screen = startScreen(["/bin/bash", "--norc", "-i", "-c", "sudo less /etc/passwd; :"]);
    await screen.waitFor("less", () => screen.rows().some((row) => row.startsWith("root:")));
    const terminal = screen.terminal();
    const processes = descendantsOf(screen.pty.pid);
    expect(processes.length).toBeGreaterThan(2);
    const frozen = await sayFarewell(terminal, "bye");
    await screen.waitFor("the last line", () => screen.rows().includes("bye"));
    expect(screen.emulator.buffer.active.type).toBe("normal");
    (screen.pty as unknown as { destroy(): void }).destroy();
    frozen?.thaw();
    await screen.waitFor("the end of all", () => !processes.some(isAlive));
  });
});
