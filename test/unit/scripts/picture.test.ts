import xterm from "@xterm/headless";
import { expect, test } from "vitest";
import { newRows, openStreams } from "../../../scripts/lib/stage.ts";
import { picture } from "../../../scripts/lib/svg.ts";

/** The picture of a terminal of 20 × 3 that has been sent this. */
async function drawn(sent: string): Promise<string> {
  const terminal = new xterm.Terminal({ cols: 20, rows: 3, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(sent, resolve));
  return picture(terminal, "a <title>");
}

test("a picture holds the text where it stands, and nothing that the text could inject", async () => {
  const svg = await drawn("\r\n  <b> & c");
  expect(svg).toMatch(
    /<text x="0" y="31.5" textLength="75.6"[^>]*>\u00a0\u00a0&lt;b&gt;\u00a0&amp;\u00a0c<\/text>/,
  );
  expect(svg).toContain("<title>a &lt;title&gt;</title>");
  expect(svg).not.toContain("<b>");
});

test.each([
  ["the sixteen colours", "\x1b[1;32mx", /<text[^>]*fill="#a3be8c" font-weight="bold">x</],
  ["the cube", "\x1b[38;5;214mx", /<text[^>]*fill="rgb\(255,175,0\)">x</],
  ["greys", "\x1b[38;5;235mx", /<text[^>]*fill="rgb\(38,38,38\)">x</],
  ["true colour", "\x1b[38;2;1;2;3mx", /<text[^>]*fill="#010203">x</],
  ["a background", "\x1b[41m x", /<rect x="0" y="0" width="16.8" height="18" fill="#d1606b"\/>/],
  ["reversed", "\x1b[7mx", /<rect x="0" y="0" width="8.4"[^>]*fill="#d8dee9"\/><text[^>]*fill="#1d2129">x</],
  ["wide characters", "\u5b57x", /<text x="0"[^>]*textLength="25.2"[^>]*>\u5b57x</],
])("a picture shows %s", async (_, sent, expected) => {
  expect(await drawn(sent)).toMatch(expected);
});

test("the new rows of a screen are those that it shows more often than before", () => {
  expect(newRows("a\nb\n\n", "a\nwarned\nb\n\n")).toEqual(["warned"]);
  expect(newRows("warned\nb\n", "warned\nwarned\nb")).toEqual(["warned"]);
  expect(newRows("a\nb", "b\n")).toEqual([]);
});

test("a stream shows a screen once it rests", () => {
  let shown = "";
  const stage = openStreams((text) => {
    shown += text;
  });
  for (const screen of ["$ l", "$ ls", "$ ls", "$ ls", "$ ls\nfile", "$ ls\nfile"]) stage.screen(screen);
  stage.log("noted");
  expect(shown).toBe("user | $ ls\nuser | file\nlog  | noted\n");
});
