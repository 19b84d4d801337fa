// The command that has asked for a lock of its own terminal learns of the lock by being stopped, and of its end by going on.
import { expect, test } from "vitest";
import { untilUnlocked } from "../../../src/lock/wait.ts";

const never = () => false;
const go = () => void process.emit("SIGCONT", "SIGCONT");

test("a lock that was seen is over when this process continues", async () => {
  let isPending = true;
  const end = untilUnlocked(() => isPending, never, 1);
  isPending = false;
  setTimeout(go, 20);
  await expect(end).resolves.toBe("unlocked");
  expect(process.listenerCount("SIGCONT")).toBe(0);
});

test("to be stopped by somebody else before the ask was seen is no lock", async () => {
  setTimeout(go, 5);
  await expect(untilUnlocked(() => true, never, 1)).resolves.toBe("unseen");
});

test("a watchdog that saw the ask and did not lock has refused", async () => {
  await expect(untilUnlocked(() => false, never, 1)).resolves.toBe("refused");
});

test("inside a wrap, which stops nothing, a lock is over when the terminal is not locked any more", async () => {
  let isLocked = false;
  const end = untilUnlocked(
    () => false,
    () => isLocked,
    5,
  );
  isLocked = true;
  const early = await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 100, "locked"))]);
  expect(early).toBe("locked");
  isLocked = false;
  await expect(end).resolves.toBe("unlocked");
});
