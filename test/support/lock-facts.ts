// What a locked screen tells in tests.
import type { LockFacts, ScreenPrompt } from "../../src/lock/screen-text.ts";

const SINCE = new Date(2026, 11, 31, 14, 5);

export const lockFacts = (some: Partial<LockFacts> = {}): LockFacts => ({
  user: "alice",
  host: "web1",
  sinceMs: SINCE.getTime(),
  cause: "idle",
  by: "",
  idleMs: 15 * 60_000,
  closesAt: new Date(2026, 11, 31, 15, 5),
  message: "",
  terminalName: "pts/3",
  hasPassword: true,
  ...some,
});

export const lockPrompt = (some: Partial<ScreenPrompt>): ScreenPrompt => ({
  question: "Password: ",
  typed: "",
  said: [],
  news: undefined,
  ...some,
});
