import fc from "fast-check";
import { expect, test } from "vitest";
import { describeWork, withNewcomers, workSince } from "../../src/activity/busy.ts";
import type { JobCounters, WorkCounters } from "../../src/activity/job.ts";

const SINCE_MS = 100_000;
const WINDOW_MS = 10_000;
const IDLE: WorkCounters = {
  name: "job",
  parent: 1,
  startedBootMs: 50_000,
  cpuMs: 0,
  childrenCpuMs: 0,
  writtenBytes: 0,
  writesFile: false,
  sockets: {},
};
const process = (fields: Partial<WorkCounters>): WorkCounters => ({ ...IDLE, ...fields });
const work = (base: JobCounters, now: JobCounters) => workSince(base, now, SINCE_MS, WINDOW_MS);

test("CPU from 2 % on is work", () => {
  const base = { "10-1": process({ cpuMs: 7000 }) };
  expect(work(base, { "10-1": process({ cpuMs: 7190 }) })).toBeUndefined();
  expect(work(base, { "10-1": process({ cpuMs: 7200 }) })).toEqual({ name: "job", cpuPercent: 2 });
});

test("on a crowded host less CPU is work, down to 0.1 %", () => {
  const base = { "10-1": process({ cpuMs: 7000 }) };
  const used = (cpuMs: number, fairShare: number) =>
    workSince(base, { "10-1": process({ cpuMs: 7000 + cpuMs }) }, SINCE_MS, WINDOW_MS, fairShare);
  // Eighty want a CPU of which there is one.
  expect(used(120, 1)).toBeUndefined();
  expect(used(120, 1 / 80)).toEqual({ name: "job", cpuPercent: 1.2 });
  expect(used(9, 1 / 10_000)).toBeUndefined();
  expect(describeWork(used(10, 1 / 10_000) ?? { name: "none" })).toBe("job: CPU 0.1 %");
});

test("a process that started since the base counts whole, an older one only from now on", () => {
  const young = { "11-1": process({ startedBootMs: 100_500, cpuMs: 900 }) };
  expect(work({}, young)).toMatchObject({ cpuPercent: 9 });
  const old = { "12-1": process({ cpuMs: 900_000 }) };
  expect(work({}, old)).toBeUndefined();
  const base = withNewcomers({}, old, SINCE_MS);
  expect(work(base, { "12-1": process({ cpuMs: 900_500 }) })).toMatchObject({ cpuPercent: 5 });
  // One that may still count whole must not be taken into the base.
  expect(withNewcomers({}, young, SINCE_MS)).toEqual({});
});

test("a pid used again is another process", () => {
  const base = { "10-1": process({ cpuMs: 1_000_000 }) };
  expect(work(base, { "10-2": process({ startedBootMs: 101_000, cpuMs: 500 }) })).toMatchObject({
    cpuPercent: 5,
  });
});

test("a shell that waited for short commands worked", () => {
  const base = { "10-1": process({ name: "bash", childrenCpuMs: 100 }), "11-2": process({ parent: 10 }) };
  const now = { "10-1": process({ name: "bash", childrenCpuMs: 400 }) };
  expect(work(base, now)).toEqual({ name: "bash", cpuPercent: 3 });
});

test("what a child had used before the base is not work of the parent that inherits it", () => {
  const base = {
    "10-1": process({ name: "bash" }),
    "11-2": process({ parent: 10, cpuMs: 60_000, writtenBytes: 9e6 }),
    "12-3": process({ parent: 11, cpuMs: 30_000, childrenCpuMs: 5000 }),
  };
  const heir = { name: "bash", writesFile: true };
  expect(
    work(base, { "10-1": process({ ...heir, childrenCpuMs: 95_100, writtenBytes: 9e6 }) }),
  ).toBeUndefined();
  expect(work(base, { "10-1": process({ ...heir, childrenCpuMs: 95_300 }) })).toMatchObject({
    cpuPercent: 3,
  });
  // The one in between still there: it inherits.
  const middle = {
    "10-1": process({}),
    "11-2": process({ parent: 10, cpuMs: 60_000, childrenCpuMs: 35_100 }),
  };
  expect(work(base, middle)).toBeUndefined();
});

test("bytes written count only beside a file, and not what was written before it was opened", () => {
  const base = { "10-1": process({ writtenBytes: 5_000_000 }) };
  const drew = { writtenBytes: 5_200_000 };
  expect(work(base, { "10-1": process(drew) })).toBeUndefined();
  expect(work(base, { "10-1": process({ ...drew, writesFile: true }) })).toEqual({
    name: "job",
    writtenBytesPerS: 20_000,
  });
  const closed = { "10-1": process({ writtenBytes: 5_000_000, writesFile: true }) };
  expect(work(closed, { "10-1": process(drew) })).toMatchObject({ writtenBytesPerS: 20_000 });
});

test("sockets count each on its own", () => {
  const base = { "10-1": process({ sockets: { 5: 80_000, 6: 1_000_000 } }) };
  // 6 closed, 7 is new: a sum over the process would have shrunk.
  expect(work(base, { "10-1": process({ sockets: { 5: 90_000, 7: 15_000 } }) })).toEqual({
    name: "job",
    socketBytesPerS: 2500,
  });
  // Shared with a child: once.
  const shared = { 5: 88_000 };
  const now = {
    "10-1": process({ sockets: shared }),
    "11-2": process({ startedBootMs: 101_000, sockets: shared }),
  };
  expect(work(base, now)).toBeUndefined();
});

test("nothing can take work away again", () => {
  const counters = fc.record({
    name: fc.constant("x"),
    parent: fc.integer({ min: 1, max: 5 }),
    startedBootMs: fc.integer({ min: 90_000, max: 110_000 }),
    cpuMs: fc.nat(1_000_000),
    childrenCpuMs: fc.nat(1_000_000),
    writtenBytes: fc.nat(),
    writesFile: fc.boolean(),
    sockets: fc.dictionary(fc.constantFrom("1", "2", "3"), fc.nat()),
  });
  const job = fc.dictionary(fc.constantFrom("1-1", "2-1", "3-1", "4-1", "5-1"), counters);
  fc.assert(
    fc.property(job, job, (base, now) => {
      const idle = { "9-1": process({}) };
      const busy = { "9-1": process({ cpuMs: 200 }) };
      const found = work({ ...base, ...idle }, { ...now, ...busy });
      expect(found?.cpuPercent).toBeGreaterThanOrEqual(2);
    }),
  );
});

test("the words", () => {
  expect(describeWork({ name: "make", cpuPercent: 33.7 })).toBe("make: CPU 34 %");
  expect(describeWork({ name: "cp", cpuPercent: 5, writtenBytesPerS: 99_900, socketBytesPerS: 2000 })).toBe(
    "cp: CPU 5 %, writes 100 kB/s, network 2 kB/s",
  );
  const hostile = describeWork({ name: "\x1b]0;a\x07 b\n\u009b", cpuPercent: 3 });
  expect(hostile).toBe("?]0;a??b??: CPU 3 %");
});
