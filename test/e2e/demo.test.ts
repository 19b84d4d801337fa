import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test, vi } from "vitest";
import { checkout } from "../lab/boot.ts";
import { openTerminal } from "../lab/ssh.ts";

const argv = [join(checkout, "node_modules/.bin/node"), join(checkout, "scripts/demo.ts")];

/** A process and everything below it, as pids that are alive now. */
function family(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
    return [pid, ...children.flatMap((child) => family(Number(child)))];
  } catch {
    return [];
  }
}

test("the demo shows the whole story, without a terminal too", async () => {
  const demo = spawn(argv[0] ?? "", argv.slice(1), { stdio: ["ignore", "pipe", "pipe"] });
  const status = new Promise((resolve) => demo.on("close", resolve));
  const [shown, errors] = await Promise.all([text(demo.stdout), text(demo.stderr)]);
  expect(errors).toBe("");
  expect(await status).toBe(0);
  const rows = [
    /user .*press a key to stay/,
    /user .*login stays/,
    /user .*press a key/,
    /closed by remote host/,
  ];
  expect(shown).toMatch(new RegExp(rows.map(({ source }) => source).join("[^]*")));
  expect(shown).toMatch(/log .*afkill.*action=end/);
});

test("the demo, stopped by Ctrl-C, gives the terminal back and leaves nothing", async () => {
  const demo = openTerminal(argv, { cols: 160, rows: 40 }, () => "");
  await demo.waitFor(/the log: .*\n.*Linux/);
  expect(demo.terminal.buffer.active.type).toBe("alternate");
  const pids = family(demo.pid);
  expect(pids.length).toBeGreaterThan(8);
  demo.write("\x03");
  expect((await demo.exit).status).toBe(1);
  expect(demo.terminal.buffer.active.type).toBe("normal");
  expect(demo.screen()).toContain("stopped");
  await vi.waitFor(() => expect(pids.flatMap(family)).toEqual([]), { timeout: 20_000 });
});

test("the demo, its terminal closed, leaves nothing", async () => {
  const demo = openTerminal(argv, { cols: 160, rows: 40 }, () => "");
  await demo.waitFor(/the log: .*\n.*Linux/);
  const pids = family(demo.pid);
  demo.kill();
  await vi.waitFor(() => expect(pids.flatMap(family)).toEqual([]), { timeout: 20_000 });
});
