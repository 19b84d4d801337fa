// Looking at a login, and ending it, where a look at its terminals hung: nothing is opened that could hang again.
import { statSync } from "node:fs";
import { expect, test } from "vitest";
import { takeLook } from "../../../src/activity/look.ts";
import { FROM_AFAR } from "../../../src/ending/from-afar.ts";
import { NO_POLICY } from "../../../src/guard/decide.ts";
import { BLANK } from "../../../src/guard/memory.ts";
import { observe } from "../../../src/guard/observe.ts";
import { isAlive } from "../../../src/login/process.ts";
import { terminalsOf } from "../../../src/login/terminal.ts";
import { mapClocks, readClocks } from "../../../src/system/clock.ts";
import { bash, server, until } from "../../support/real-terminals.ts";

const login = { privileged: undefined, child: undefined, server: server(), user: "nobody", uid: 0 };
const said = () => Promise.resolve(undefined);

test("the keys of a terminal show in its times, and nothing else of it is asked", async () => {
  const shell = await bash();
  const terminal = shell.terminal();
  const look = await takeLook({ server: server(), client: undefined }, [{ ...terminal, inner: terminal }], {
    sources: ["input", "busy"],
    isFromAfar: true,
  });
  const [face] = look.terminals;
  expect(face?.accessedWallS).toBe(Math.floor(statSync(terminal.path).atimeMs / 1000));
  expect(face?.unreadBytes).toBeUndefined();
  expect(face?.job).toEqual({});
  expect(look.faults).toEqual({ login: expect.stringContaining("hung") });
});

test("no descriptor of a user's own process is taken: a terminal inside is not looked for", async () => {
  const shell = await bash();
  shell.pty.write("script -qc 'sleep 1000' /dev/null\r");
  await until(() => shell.terminal().inner?.leader);
  const [terminal] = terminalsOf(login, { isFromAfar: true });
  expect(terminal?.leader).toEqual(shell.terminal().leader);
  expect(terminal?.inner).toBeUndefined();
});

test("keys that nobody has read yet count neither as new ones nor as read", async () => {
  const shell = await bash();
  shell.pty.write("sleep 1000\r");
  await until(() => shell.terminal().foregroundJob.some(({ name }) => name === "sleep"));
  shell.pty.write("abc\r");
  await until(async () => (await shell.look()).unreadBytes?.[0] === 4);
  const clocks = readClocks();
  const occasion = { login: { ...login, client: undefined, startedBootMs: 0 }, applied: NO_POLICY };
  const seen = await observe({ ...occasion, memory: BLANK, map: mapClocks([], clocks) });
  const id = shell.terminal().id;
  expect(seen.subjects[id]?.input?.unreadBytes).toEqual([4]);
  const memory = { ...BLANK, subjects: seen.subjects };
  const again = await observe(
    { ...occasion, memory, map: mapClocks([], readClocks()) },
    { isFromAfar: true },
  );
  expect(again.subjects[id]?.input).toEqual(seen.subjects[id]?.input);
});

test("a terminal is ended by signals to its leader, without a word on it", async () => {
  const shell = await bash();
  const terminal = shell.terminal();
  const manner = { asRoot: true, graceMs: 5_000, say: said };
  const { ended, steps } = await FROM_AFAR.hangUp(terminal, manner);
  expect([ended, steps]).toEqual([
    true,
    [expect.stringContaining("no last line"), expect.stringContaining("after SIGHUP and SIGCONT")],
  ]);
  expect(isAlive(terminal.leader)).toBe(false);
  const { ended: without } = await FROM_AFAR.hangUp({ ...terminal, leader: undefined }, manner);
  expect(without).toBe(false);
});
