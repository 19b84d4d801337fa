// How a locker is started, with shells in its place.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { LockOrder } from "../../../src/lock/order.ts";
import { startLocker } from "../../../src/lock/start.ts";
import { isAlive, readStat } from "../../../src/login/process.ts";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "start-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const order = { terminal: "pts/3", message: "ünï" } as LockOrder;
const start = (script: string, answerMs = 20_000) =>
  startLocker(order, { command: ["/bin/sh", "-c", script], answerMs });

test("a locker gets its order, a session of its own, and no environment; it lives on after its line", async () => {
  const folder = newFolder();
  process.env.SECRET = "1";
  const script = `cat >${folder}/order; env >${folder}/env; echo $$ >${folder}/pid; echo locked; exec sleep 1000`;
  expect(await start(script)).toEqual({ locked: true, outcome: "locked" });
  expect(JSON.parse(readFileSync(`${folder}/order`, "utf8"))).toEqual(order);
  expect(readFileSync(`${folder}/env`, "utf8")).not.toContain("SECRET");
  const stat = readStat(Number(readFileSync(`${folder}/pid`, "utf8")));
  expect(stat && isAlive(stat)).toBe(true);
  expect(stat?.session).toBe(stat?.pid);
  if (stat) process.kill(stat.pid, "SIGKILL");
});

test("why a terminal is not locked is told, without control characters", async () => {
  expect(await start("printf 'failed pts/3 is \\033[2Jgone\\n'")).toEqual({
    locked: false,
    outcome: "not locked: pts/3 is ?[2Jgone",
  });
  expect(await start("exit 3")).toEqual({
    locked: false,
    outcome: "not locked: the locker ended (status 3)",
  });
  const missing = await startLocker(order, { command: ["/nonexistent/locker"] });
  expect(missing.locked).toBe(false);
  expect(missing.outcome).toContain("ENOENT");
});

test("a locker that does not answer in time is told to end, and given time for it", async () => {
  const folder = newFolder();
  const script = `trap 'echo given back >${folder}/done; exit 1' TERM; while :; do sleep 0.1; done`;
  const { locked, outcome } = await start(script, 500);
  expect(locked).toBe(false);
  expect(outcome).toBe("not locked: the locker did not answer within 0.5 s");
  expect(readFileSync(`${folder}/done`, "utf8")).toBe("given back\n");
});
