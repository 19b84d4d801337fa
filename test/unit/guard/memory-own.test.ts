// A memory that this very program has written: it is not asked for its form.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BLANK, readMemory, writeMemory } from "../../../src/guard/memory.ts";
import { FULL_MEMORY } from "../../support/memories.ts";

/** The bundle that this program seems to be. */
const program = vi.hoisted(() => ({ name: "check-main-0123abcd.cjs" as string | undefined }));
vi.mock("../../../src/system/bundle.ts", () => ({
  get BUNDLE() {
    return program.name;
  },
}));
const examined = vi.hoisted(() => ({ times: 0 }));
vi.mock("../../../src/guard/memory-form.ts", async (original) => {
  const { memoryIn } = await original<typeof import("../../../src/guard/memory-form.ts")>();
  return {
    memoryIn: (value: unknown) => {
      examined.times += 1;
      return memoryIn(value);
    },
  };
});

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "afkill-memory-"));
  program.name = "check-main-0123abcd.cjs";
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Reads the memory; tells whether its form was examined for that. */
async function read() {
  examined.times = 0;
  const memory = await readMemory(directory);
  return { memory, isExamined: examined.times > 0 };
}

test("it is read as it was written, limits that are off included", async () => {
  writeMemory(directory, FULL_MEMORY);
  expect(await read()).toEqual({ memory: FULL_MEMORY, isExamined: false });
  writeMemory(directory, BLANK);
  expect(await read()).toEqual({ memory: BLANK, isExamined: false });
});

test("a memory of another program is examined, as is one without a name", async () => {
  writeMemory(directory, FULL_MEMORY);
  program.name = "check-main-89abcdef.cjs";
  expect(await read()).toEqual({ memory: FULL_MEMORY, isExamined: true });
  program.name = undefined;
  expect(await read()).toEqual({ memory: FULL_MEMORY, isExamined: true });
  writeMemory(directory, FULL_MEMORY);
  expect(readFileSync(join(directory, "memory.json"), "utf8")).not.toContain('"writtenBy"');
  expect(await read()).toEqual({ memory: FULL_MEMORY, isExamined: true });
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])(
  "a number that no memory may have (%d) makes it none",
  async (odd) => {
    writeMemory(directory, { ...FULL_MEMORY, clocks: { bootMs: odd, wallMs: 1, suspendedMs: 0 } });
    expect(await read()).toEqual({ memory: BLANK, isExamined: true });
  },
);

test("half of a file is no memory", async () => {
  writeMemory(directory, FULL_MEMORY);
  const path = join(directory, "memory.json");
  writeFileSync(path, readFileSync(path, "utf8").slice(0, 300));
  expect((await read()).memory).toBe(BLANK);
});
