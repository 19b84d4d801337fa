// What a terminal sends by itself is counted as the connection carries it: `transfer` must not take it for something that is sent.
import { expect, test } from "vitest";
import { keysTo } from "../../../src/wrap/keys.ts";
import type { View } from "../../../src/wrap/view.ts";

const view = {
  isBarSeen: false,
  setBar: async () => false,
  cursorQuestions: async () => 0,
} as unknown as View;
const REPORTS = ["\x1b[24;80R", "\x1b[?1;2c", "\x1b]11;rgb:1e1e/1e1e/1e1e\x07", "\x1b[I", "\x1b[O"];
/** The least that a packet adds: length, padding, the message's own header, and a short authentication code (RFC 4253, 6; RFC 4254, 5.2). */
const LEAST_PACKET_BYTES = 4 + 1 + 4 + 9 + 16;

async function chatterOf(...reads: string[]): Promise<number> {
  const keys = keysTo(() => undefined, view);
  for (const bytes of reads) keys.take(Buffer.from(bytes));
  await new Promise(setImmediate);
  return keys.chatterBytes;
}

test("reports count a packet each, however they come together in reads", async () => {
  const apart = await chatterOf(...REPORTS);
  expect(apart).toBeGreaterThanOrEqual(REPORTS.join("").length + REPORTS.length * LEAST_PACKET_BYTES);
  expect(await chatterOf(REPORTS.join(""))).toBe(apart);
  expect(await chatterOf(...REPORTS.join("").split(/(?<=;)/))).toBe(apart);
});

test("what a person makes counts nothing, also beside a report", async () => {
  expect(await chatterOf("ls\r", "\x1b[A", "\x1b[200~text\x1b[201~", "\x1b[<0;1;1M")).toBe(0);
  expect(await chatterOf(`x${REPORTS[0]}y`)).toBe(await chatterOf(REPORTS[0] ?? ""));
});
