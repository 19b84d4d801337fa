// A process that makes everybody wait for ever who asks its terminal: it reads from there into memory whose bytes a file system of its
// user's never brings, and holds the terminal's locks meanwhile. Not even SIGKILL ends who waits for those.
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { startLab } from "../lab/lab.ts";

const BOUND_MS = 600_000;
const hung =
  "import mmap, os, time, tty; tty.setraw(0); print('now', end='', flush=True); time.sleep(3); f = os.open('/tmp/files/memory', os.O_RDWR); os.readv(0, [mmap.mmap(f, 4096, mmap.MAP_PRIVATE)])";

test.skipIf(!existsSync("/dev/fuse"))(
  "a login whose terminal hangs every check ends all the same, and so does everybody else's, on time",
  async () => {
    await using lab = await startLab({
      policy: 'idle_timeout = "30s"\nwarn_before = ["20s"]\n',
      hook: "pam",
    });
    await lab.addUser("hanger");
    await lab.addUser("other");
    const uid = (await lab.must("id -u hanger")).trim();
    await lab.must("mkdir /tmp/files");
    const files = lab.spawn(`exec python3 ${lab.checkout}/test/lab/hung-files.py /tmp/files ${uid}`);
    await new Promise<void>((resolve) => files.stdout?.once("data", () => resolve()));

    const hanger = lab.ssh("hanger", ["-tt"], `python3 -c "${hung}"`);
    await hanger.waitFor(/now/);
    hanger.write("x".repeat(300));
    const other = lab.ssh("other", ["-tt"], "cat");

    await other.exit;
    const comes = (what: string) =>
      hanger.waitFor(async () => {
        const records = await lab.audit();
        return records.some(({ user, action }) => user === "hanger" && action === what);
      }, 400_000);
    await comes("fault");
    // Nor does it hang who looks at all logins from now on.
    const list = await lab.must("timeout 15 afkill list --json");
    expect(JSON.parse(list).logins ?? JSON.parse(list)).toEqual([
      expect.objectContaining({ user: "hanger", state: "fault" }),
    ]);
    await comes("end");
    const records = await lab.audit();
    const faults = records.filter(({ user, action }) => user === "hanger" && action === "fault");
    expect(faults.map(({ reason }) => reason)).toEqual([expect.stringContaining("hung")]);
    expect(
      records.find(({ user, action }) => user === "other" && action === "end")?.idleSeconds,
    ).toBeLessThan(45);
    expect(lab.nodes().length).toBeGreaterThan(0);
    // With who serves the files, the kernel gives up waiting for them.
    await lab.must("pkill -KILL -f '[h]ung-files.py'");
    await hanger.exit;
  },
  BOUND_MS,
);
