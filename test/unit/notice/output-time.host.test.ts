// What afkill writes to a terminal does not count as the output of the user's programs.
import { statSync, utimesSync } from "node:fs";
import { expect, test } from "vitest";
import { sayFarewell } from "../../../src/notice/farewell.ts";
import { showNotice, takeBack } from "../../../src/notice/show.ts";
import { FULL_SCREEN, makeHome, startProgram } from "../../support/notice-programs.ts";
import { type Screen, startScreen } from "../../support/notice-screen.ts";

/** Half a bucket of the kernel's eight seconds: no rounding may move it either. */
const LONG_AGO_S = 1_700_000_004;

const wording = { lineMode: ["afkill: hello"], prompt: ["afkill: hello"], bar: "afkill: hello" };

/** Makes a terminal one that was last read from and written to long ago; what is returned reads both times. */
function rest(screen: Screen): () => { readS: number; writtenS: number } {
  const { path } = screen.terminal();
  utimesSync(path, LONG_AGO_S, LONG_AGO_S);
  return () => {
    const { atimeMs, mtimeMs } = statSync(path);
    return { readS: atimeMs / 1000, writtenS: mtimeMs / 1000 };
  };
}

const untouched = { readS: LONG_AGO_S, writtenS: LONG_AGO_S };

test("a notice and a last line leave a terminal's times alone; what its program writes then does not", async () => {
  using screen = startScreen(["/bin/cat"]);
  const times = rest(screen);
  await showNotice(screen.terminal(), () => wording);
  await screen.waitFor("the notice", () => screen.sent().includes("afkill: hello"));
  expect(times()).toEqual(untouched);
  (await sayFarewell(screen.terminal(), "afkill: bye"))?.thaw();
  await screen.waitFor("the last line", () => screen.sent().includes("afkill: bye"));
  expect(times()).toEqual(untouched);
  screen.type("mine\r");
  await screen.waitFor("cat's answer", () => screen.sent().split("mine").length === 3);
  expect(times().readS).toBeGreaterThan(LONG_AGO_S);
  expect(times().writtenS).toBeGreaterThan(LONG_AGO_S);
});

test("what a full-screen program draws to get rid of a notice is no output of its own", async () => {
  using home = makeHome();
  const [vim] = FULL_SCREEN.filter(({ name }) => name === "vim");
  if (!vim) throw new Error("no vim");
  using screen = await startProgram(vim, home);
  const shown = await showNotice(screen.terminal(), () => wording);
  await screen.waitFor("the notice", () => screen.rows()[0]?.startsWith("afkill: hello") === true);
  const times = rest(screen);
  await takeBack(screen.terminal(), shown);
  await screen.waitFor("vim's own first row", () => screen.rows()[0] === "line 1");
  expect(times()).toEqual(untouched);
});
