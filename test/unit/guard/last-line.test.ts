// Where a check writes down what it stops for a last line.
import { expect, test, vi } from "vitest";
import type { TerminalActions } from "../../../src/ending/terminal-actions.ts";
import type { Scene } from "../../../src/guard/act.ts";
import { hostOf } from "../../../src/guard/host.ts";
import type { Verdict } from "../../../src/guard/judge.ts";
import type { Terminal } from "../../../src/login/terminal.ts";

const mocked = vi.hoisted(() => ({ act: vi.fn(), sayFarewell: vi.fn() }));
vi.mock("../../../src/guard/act.ts", async (original) => ({
  ...(await original<typeof import("../../../src/guard/act.ts")>()),
  act: mocked.act,
}));
vi.mock("../../../src/notice/farewell.ts", () => ({ sayFarewell: mocked.sayFarewell }));

test("a check writes down what it stops where the watchdog of its login looks", async () => {
  const host = hostOf({ stateDirectory: "/run/afkill/1-2", configPath: "/nowhere", clockHistory: "" });
  await host.act({ decisions: [{ kind: "hang-up", id: "pts/1" }] } as unknown as Verdict, {} as Scene);
  const actions: TerminalActions = mocked.act.mock.lastCall?.at(-1);
  const terminal = {} as Terminal;
  await actions.sayFarewell(terminal, "bye");
  expect(mocked.sayFarewell).toHaveBeenCalledExactlyOnceWith(terminal, "bye", "/run/afkill/1-2");
});
