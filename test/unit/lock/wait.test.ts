// The command that has asked for a lock of its own terminal learns of the lock by being stopped, and of its end by going on.
import { expect, test } from "vitest";
import { untilUnlocked } from "../../../src/lock/wait.ts";

const go = () => void process.emit("SIGCONT", "SIGCONT");

test("a lock that was seen is over when this process continues", async () => {
  let isPending = true;
  const end = untilUnlocked(() => isPending, 1);
  isPending = false;
  setTimeout(go, 20);
  await expect(end).resolves.toBe("unlocked");
  expect(process.listenerCount("SIGCONT")).toBe(0);
});

test("to be stopped by somebody else before the ask was seen is no lock", async () => {
  setTimeout(go, 5);
  await expect(untilUnlocked(() => true, 1)).resolves.toBe("unseen");
});

test("a watchdog that saw the ask and did not lock has refused", async () => {
  await expect(untilUnlocked(() => false, 1)).resolves.toBe("refused");
});
