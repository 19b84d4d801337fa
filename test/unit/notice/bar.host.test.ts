import { describe, expect, it } from "vitest";
import { showNotice, showStays, takeBack } from "../../../src/notice/show.ts";
import { stays, warning } from "../../../src/notice/text.ts";
import { FULL_SCREEN, makeHome, startProgram, stopServers } from "../../support/notice-programs.ts";
import type { Screen } from "../../support/notice-screen.ts";

const BAR = "afkill: closes in 60 s, press a key | alice idle 14 min | ends 14:05";

const say = (columns: number) =>
  warning({
    user: "alice",
    kind: "idle",
    idleMs: 840_000,
    lastedMs: 0,
    maxLoginMs: 0,
    closesInMs: 60_000,
    closesAt: new Date(2026, 0, 2, 14, 5),
    message: "",
    columns,
  });

/** What can be compared of a screen that changes by itself: the shape of its head. */
function head(screen: Screen): string[] {
  return screen
    .rows()
    .slice(0, 3)
    .map((row) => row.replace(/[^A-Za-z]+/g, " ").replace(/ (days?|min|users?)\b/g, ""));
}

describe.concurrent("a notice over a full-screen program", { timeout: 60_000 }, () => {
  for (const program of FULL_SCREEN) {
    it(`is a bar that leaves ${program.name} as it was once it is taken back`, async () => {
      using home = makeHome();
      using screen = await startProgram(program, home);
      try {
        const before = { picture: screen.picture(), head: head(screen), rows: screen.rows() };
        const cursor = screen.cursor();
        const shown = await showNotice(screen.terminal(), say);
        expect(shown?.form).toBe("bar");
        await screen.waitFor("the bar", () => screen.rows()[0] === BAR);
        await screen.settle();
        expect(screen.cursor()).toEqual(cursor);
        if (!program.lively) expect(screen.rows().slice(1)).toEqual(before.rows.slice(1));
        expect(screen.bells()).toBe(1);

        await takeBack(screen.terminal(), shown);
        await screen.waitFor("the bar gone", () => !screen.rows().some((row) => row.startsWith("afkill: ")));
        await screen.settle();
        if (program.lively) expect(head(screen)).toEqual(before.head);
        else expect(screen.picture()).toBe(before.picture);
        expect(screen.cursor()).toEqual(cursor);
      } finally {
        stopServers(home);
      }
    });
  }

  it("is answered with another bar, that goes by itself", async () => {
    using home = makeHome();
    const [vim] = FULL_SCREEN.filter(({ name }) => name === "vim");
    if (!vim) throw new Error("no vim");
    using screen = await startProgram(vim, home);
    const before = screen.picture();
    const shown = await showNotice(screen.terminal(), say);
    await screen.waitFor("the bar", () => screen.rows()[0] === BAR);
    const answered = showStays(screen.terminal(), shown, (columns) => stays({ why: "key", columns }));
    await screen.waitFor(
      "the answer",
      () => screen.rows()[0]?.startsWith("afkill: your login stays") === true,
    );
    await answered;
    await screen.waitFor("vim's own first row", () => screen.rows()[0] === "line 1");
    await screen.settle();
    expect(screen.picture()).toBe(before);
    expect(screen.bells()).toBe(1);
  });
});
