// What a process asks of the kernel for itself, seen from inside and outside. Needs root.
import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hasEnded, readStat } from "../../../src/login/process.ts";

const source = join(import.meta.dirname, "../../../src/system/self.ts");
const node = (script: string) => [
  "--no-warnings",
  "--input-type=module",
  "-e",
  `import * as self from "${source}"; import fs from "node:fs"; ${script}`,
];

test("a process of a user whose memory is secret is not its user's in /proc, and leaves no core", () => {
  const script =
    "self.keepMemorySecret(); console.log(fs.statSync('/proc/self/maps').uid, process.getuid());";
  const said = execFileSync(process.execPath, node(script), { uid: 65534, gid: 65534, encoding: "utf8" });
  expect(said).toBe("0 65534\n");
  const limits = "self.keepMemorySecret(); console.log(fs.readFileSync('/proc/self/limits', 'utf8'));";
  expect(execFileSync(process.execPath, node(limits), { encoding: "utf8" })).toMatch(
    /^Max core file size +0 +0 /m,
  );
});

test("a process that dies with its parent does", async () => {
  const inner = node("self.dieWithParent(); console.log(process.pid); setInterval(() => {}, 1000);");
  const outer = `const { spawn } = await import("node:child_process");
    spawn(process.execPath, ${JSON.stringify(inner)}, { stdio: ["ignore", "inherit", "inherit"], detached: true });
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, node(outer), { stdio: ["ignore", "pipe", "inherit"] });
  const pid = await new Promise<number>((resolve) =>
    parent.stdout.once("data", (bytes: Buffer) => resolve(Number(bytes.toString()))),
  );
  const lives = () => {
    const stat = readStat(pid);
    return stat !== undefined && !hasEnded(stat);
  };
  expect(lives()).toBe(true);
  parent.kill("SIGKILL");
  await expect.poll(lives, { timeout: 20_000 }).toBe(false);
});
