import fc from "fast-check";
import { expect, test } from "vitest";
import { describeWork, withNewcomers, workSince } from "../../../src/activity/busy.ts";
import type { FilePlace } from "../../../src/activity/held.ts";
import type { JobCounters, WorkCounters } from "../../../src/activity/job.ts";
import { PARTS } from "../../../src/activity/part.ts";
import { counters } from "../../support/counters.ts";

const SINCE_MS = 100_000;
const WINDOW_MS = 10_000;
const SPAN = { sinceBootMs: SINCE_MS, windowMs: WINDOW_MS };
const process = counters;
const work = (base: JobCounters, now: JobCounters) => workSince(base, now, SPAN);
/** Work of one process that was `before` at the base and has become `after`. */
const ofOne = (before: Partial<WorkCounters>, after: Partial<WorkCounters>) =>
  work({ "10-1": process(before) }, { "10-1": process(after) });

test("CPU from 2 % on is work", () => {
  const base = { "10-1": process({ cpuMs: 7000 }) };
  expect(work(base, { "10-1": process({ cpuMs: 7190 }) })).toBeUndefined();
  expect(work(base, { "10-1": process({ cpuMs: 7200 }) })).toEqual({ name: "job", cpuPercent: 2 });
});

test("a job that is kept from a CPU works, one that waits for it when it wakes up does not", () => {
  const cpu = { cpuMs: 100 };
  const waits = (yielded: number, preempted: number) => ({
    threads: { 10: [9000, yielded, preempted] as const },
  });
  const then = { threads: { 10: [0, 0, 0] as const } };
  expect(ofOne(then, { ...cpu, ...waits(0, 130) })).toEqual({ name: "job", wantedPercent: 91 });
  expect(ofOne(then, { ...cpu, ...waits(3000, 130) })).toBeUndefined();
  // Enough CPU is enough, however many want one.
  expect(ofOne(then, { cpuMs: 200, ...waits(3000, 130) })).toEqual({ name: "job", cpuPercent: 2 });
  // Of another thread that only wakes up, however often, it loses nothing.
  const second = { threads: { ...waits(0, 130).threads, 11: [10, 900_000, 0] as const } };
  expect(ofOne(then, second)?.wantedPercent).toBe(90);
  // Nothing was asked of its threads then.
  expect(ofOne({}, waits(0, 130))).toBeUndefined();
  const young = process({ startedBootMs: 100_500, ...waits(0, 130) });
  expect(work({}, { "11-1": young })?.wantedPercent).toBe(90);
});

test("one that has files watched computes only where it keeps its CPU", () => {
  const followed = (cpuMs: number, yielded: number) =>
    ofOne(
      { follows: true, threads: { 10: [0, 0, 0] } },
      { follows: true, cpuMs, threads: { 10: [5000, yielded, 100] } },
    );
  expect(followed(900, 9000)).toBeUndefined();
  expect(followed(900, 100)).toMatchObject({ cpuPercent: 9 });
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

test("what is written beside a socket counts without what the terminals showed", () => {
  const wrote = (terminalBytes: number, fields: Partial<WorkCounters> = {}) =>
    workSince(
      { "10-1": process({}) },
      { "10-1": process({ writtenBytes: 50_000, writesSocket: true, ...fields }) },
      { ...SPAN, terminalBytes },
    );
  expect(wrote(0)).toEqual({ name: "job", writtenBytesPerS: 5000 });
  expect(wrote(45_000)).toBeUndefined();
  // Beside a file all of it counts: a copy that shows how far it is.
  expect(wrote(45_000, { writesFile: true })).toEqual({ name: "job", writtenBytesPerS: 5000 });
});

const place = (fields: Partial<FilePlace>): FilePlace => ({
  position: 0,
  readsOnly: true,
  isDirectory: false,
  isAtEnd: false,
  ...fields,
});
/** One that was at a place of file 8.1:77 and has come to another. */
const read = (then: Partial<FilePlace>, now: Partial<FilePlace>, fields: Partial<WorkCounters> = {}) =>
  ofOne(
    { ...fields, places: { "3:8.1:77": place(then) } },
    { ...fields, places: { "3:8.1:77": place({ position: 40_000_000, ...now }) } },
  );

test("reading on in a file is work, following one at its end is not", () => {
  expect(read({}, {})).toEqual({ name: "job", readBytesPerS: 4_000_000 });
  expect(read({}, { position: 9000 })).toBeUndefined();
  expect(read({ isAtEnd: true }, { isAtEnd: true })).toBeUndefined();
  // A moment behind the writer, at one of the looks.
  expect(read({ isAtEnd: true }, {})).toBeUndefined();
  expect(read({}, { isAtEnd: true })).toBeUndefined();
  // Not in another file with that descriptor's number: that is a scan.
  const [other, file] = [{ "3:8.1:78": place({}) }, { "3:8.1:77": place({ position: 9e6 }) }];
  expect(ofOne({ places: other }, { places: file })).toEqual({ name: "job", scans: true });
  // Two that share one position.
  const shared = (position: number): JobCounters => ({
    "10-1": process({ places: { "0:8.1:77": place({ position }) } }),
    "11-1": process({ places: { "3:8.1:77": place({ position }) } }),
  });
  expect(work(shared(0), shared(20_000))?.readBytesPerS).toBe(2000);
});

test("sending a mapped file is work, mapping a few pages more is not, nor drawing", () => {
  const mapped = (bytes: number, writtenBytes: number) =>
    ofOne({ part: "screen", mappedBytes: 4096 }, { part: "screen", mappedBytes: 4096 + bytes, writtenBytes });
  expect(mapped(200 << 10, 1e6)).toEqual({ name: "job", readBytesPerS: 20_480 });
  expect(mapped(1e6, 200 << 10)).toEqual({ name: "job", readBytesPerS: 20_480 });
  expect(mapped(64 << 10, 1e6)).toBeUndefined();
  expect(mapped(1e6, 64 << 10)).toBeUndefined();
  expect(ofOne({}, { mappedBytes: 1e6 })).toBeUndefined();
});

test("going from one directory to the next is work, staying in one is not", () => {
  const at = (...files: string[]) => ({
    places: Object.fromEntries(
      files.map((file, index) => [`${index + 3}:${file}`, place({ isDirectory: true })]),
    ),
  });
  expect(ofOne(at("8.1:2"), at("8.1:2", "8.1:3"))).toEqual({ name: "job", scans: true });
  expect(ofOne(at("8.1:2"), at("8.1:2"))).toBeUndefined();
  expect(ofOne(at("8.1:2", "8.1:3"), at("8.1:2"))).toBeUndefined();
  // It had nothing open then: it may have waited for a key.
  expect(ofOne({}, at("8.1:2"))).toBeUndefined();
  expect(read({ isDirectory: true }, { isDirectory: true, position: 5 })).toEqual({
    name: "job",
    scans: true,
  });
});

test("waiting for storage at both looks is work where it ran in between", () => {
  expect(ofOne({ storageWait: 7 }, { storageWait: 8 })).toEqual({ name: "job", waitsForStorage: true });
  expect(ofOne({ storageWait: 7 }, { storageWait: 7 })).toBeUndefined();
  expect(ofOne({ storageWait: 7 }, {})).toBeUndefined();
  expect(ofOne({}, { storageWait: 7 })).toBeUndefined();
});

test("what counts of each part of a job", () => {
  const everything = {
    cpuMs: 900,
    childrenCpuMs: 900,
    writtenBytes: 90_000,
    writesFile: true,
    sockets: { 5: 90_000 },
  };
  const kinds = (part: WorkCounters["part"], readsOnly: boolean) =>
    Object.keys(
      ofOne(
        { part, places: { "3:8.1:77": place({ readsOnly }) }, sockets: { 5: 0 } },
        { part, places: { "3:8.1:77": place({ readsOnly, position: 1e6 }) }, ...everything },
      ) ?? {},
    ).join();
  const done = "name,cpuPercent,writtenBytesPerS,socketBytesPerS";
  expect(PARTS.map((part) => [part, kinds(part, true), kinds(part, false)])).toEqual([
    ["line", `${done},readBytesPerS`, done],
    ["shell", done, done],
    ["screen", "name,readBytesPerS", "name,writtenBytesPerS"],
    ["helper", `${done},readBytesPerS`, done],
    ["outer", "name,readBytesPerS", ""],
    ["idle", "", ""],
  ]);
});

test("what a program that waits for keys starts counts once it has stayed", () => {
  for (const part of PARTS) {
    const young = { "11-1": process({ part, startedBootMs: 100_500, cpuMs: 900 }) };
    const isWhole = part === "line" || part === "shell";
    expect(work({}, young)?.cpuPercent).toBe(isWhole ? 9 : undefined);
    expect(withNewcomers({}, young, SINCE_MS)).toEqual(isWhole ? {} : young);
  }
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
  const any = fc.record({
    name: fc.constant("x"),
    parent: fc.integer({ min: 1, max: 5 }),
    startedBootMs: fc.integer({ min: 90_000, max: 110_000 }),
    cpuMs: fc.nat(1_000_000),
    childrenCpuMs: fc.nat(1_000_000),
    writtenBytes: fc.nat(),
    writesFile: fc.boolean(),
    sockets: fc.dictionary(fc.constantFrom("1", "2", "3"), fc.nat()),
    part: fc.constantFrom(...PARTS),
    writesSocket: fc.boolean(),
    follows: fc.boolean(),
    places: fc.constant({}),
  });
  const job = fc.dictionary(fc.constantFrom("1-1", "2-1", "3-1", "4-1", "5-1"), any);
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
  expect(describeWork({ name: "make", wantedPercent: 83.2 })).toBe("make: wants 83 % of a CPU");
  const scan = { readBytesPerS: 2_600_000, scans: true, waitsForStorage: true } as const;
  expect(describeWork({ name: "rsync", ...scan })).toBe(
    "rsync: reads 3 MB/s, scans files, waits for storage",
  );
  const hostile = describeWork({ name: "\x1b]0;a\x07 b\n\u009b", cpuPercent: 3 });
  expect(hostile).toBe("?]0;a??b??: CPU 3 %");
});
