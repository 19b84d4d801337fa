// The page of `afkill report --html` in a real browser: whole without a network, readable on every width, and safe from what users are called.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fileLine } from "../../src/audit/lines.ts";
import { checkout } from "../lab/boot.ts";
import { end, notice, stay } from "../support/records.ts";

const HOSTILE = `<img src=x onerror="document.title='owned'">`;
const LONG = `${"averyveryverylongname.".repeat(6)}@example.com`;
const UNSEEN = "\u202egnp.exe\u0007";

/** Twenty users: each answers one notice and is ended as often as its number tells. */
const USERS = [HOSTILE, LONG, UNSEEN, ...Array.from({ length: 17 }, (_, n) => `user${n}`)];
const RECORDS = USERS.flatMap((user, n) => {
  const at = n * 10_000;
  const endings = Array.from({ length: 20 - n }, (_, i) =>
    end(at + 1000 + i, { user, sshdPid: n, rule: HOSTILE, reason: HOSTILE }),
  );
  return [notice(at, { user, sshdPid: n }), stay(at + 100, { user, sshdPid: n }), ...endings];
}).concat([
  end(900_000, { user: HOSTILE, cause: "max_login", idleSeconds: 5, client: HOSTILE }),
  end(900_001, { user: HOSTILE, cause: "administrator", idleSeconds: 4000 }),
  end(900_002, { user: HOSTILE, ended: false }),
]);

const directory = mkdtempSync(join(tmpdir(), "afkill-report-"));
const html = join(directory, "report.html");
let browser: Browser;

function report(...options: string[]): string {
  const node = join(checkout, "node_modules/.bin/node");
  const argv = [join(checkout, "dist/cli.js"), "report", ...options, join(directory, "audit.jsonl")];
  return execFileSync(node, argv, { encoding: "utf8" });
}

beforeAll(async () => {
  writeFileSync(join(directory, "audit.jsonl"), RECORDS.map(fileLine).join(""));
  report("--html", html);
  browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});
afterAll(async () => {
  await browser?.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Looked {
  readonly page: Page;
  readonly requests: readonly string[];
  readonly complaints: readonly string[];
}

async function look(width: number, colorScheme: "light" | "dark"): Promise<Looked> {
  const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(`file://${html}`, { waitUntil: "load" });
  return { page, requests, complaints };
}

/** Of the text, and of what is behind it. */
function colours(page: Page): Promise<[string, string]> {
  return page.evaluate(
    "(({ color, backgroundColor }) => [color, backgroundColor])(getComputedStyle(document.body))",
  );
}

const bars = (page: Page, id: string) => page.locator(`#${id} .bar`);

describe.for([1280, 400, 320])("at a width of %i", (width) => {
  test.for(["light", "dark"] as const)("the page is whole in %s", async (scheme) => {
    const { page, requests, complaints } = await look(width, scheme);
    expect(requests).toEqual([`file://${html}`]);
    expect(complaints).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    expect(await page.locator(".chart:visible").count()).toBe(3);
    // Reasons: ended and failed; twelve users and eight steps of idle time: came back and ended.
    expect(await bars(page, "reasons").count()).toBe(3 * 2);
    expect(await bars(page, "users").count()).toBe(12 * 2);
    expect(await bars(page, "idle").count()).toBe(8 * 2);
    const [ink, paper] = await colours(page);
    expect(ink).toBe(scheme === "dark" ? "rgb(228, 232, 238)" : "rgb(27, 36, 48)");
    expect(paper).toBe(scheme === "dark" ? "rgb(20, 24, 30)" : "rgb(255, 255, 255)");
    // No bar or number sticks out of its chart, and no label is cut but the long ones.
    const cut = await page.evaluate<string[]>(`
      [...document.querySelectorAll(".bar:has(i), .label")].filter((element) => {
        const contents = document.createRange();
        contents.selectNodeContents(element);
        const box = contents.getBoundingClientRect();
        const edge = element.closest(".chart").getBoundingClientRect();
        return box.left < edge.left || box.right > edge.right + 1 || box.bottom > edge.bottom + 1 ||
          (element.className === "label" && element.scrollWidth > element.clientWidth);
      }).map(({ textContent }) => textContent)`);
    expect(cut).toEqual([HOSTILE, LONG]);
    await page.close();
  });
});

test("bars have the colours of the page and are as long as their numbers", async () => {
  const { page } = await look(1280, "light");
  const rows = await page.evaluate<[number, string][][]>(`
    [...document.querySelectorAll("#users .row")].map((row) => [...row.querySelectorAll("i")].map((bar) =>
      [bar.getBoundingClientRect().width, getComputedStyle(bar).backgroundColor]))`);
  expect(rows).toHaveLength(12);
  const unit = (rows[0]?.[1]?.[0] ?? 0) / 22;
  for (const [n, bars] of rows.entries()) {
    expect(bars.map(([, colour]) => colour)).toEqual(["rgb(18, 128, 111)", "rgb(180, 83, 26)"]);
    const [answered = 0, ended = 0] = bars.map(([width]) => width / unit);
    expect(answered).toBeCloseTo(1, 1);
    expect(ended).toBeCloseTo(n === 0 ? 22 : 20 - n, 1);
  }
  await page.close();
});

test("what users are called is text, in tables and in charts", async () => {
  const { page } = await look(1280, "light");
  expect(await page.locator("img, script, iframe, object, embed, link").count()).toBe(0);
  expect(await page.title()).toMatch(/^afkill report of /);
  const names = await page.locator("#users ~ table tbody th").allTextContents();
  expect(names).toContain(HOSTILE);
  expect(names).toContain(LONG);
  expect(names.join()).not.toMatch(/[\u202e\u0007]/);
  expect(names).toHaveLength(20);
  const labels = await page.locator("#users .label").allTextContents();
  expect(labels.slice(0, 2)).toEqual([HOSTILE, LONG]);
  expect(labels.join()).not.toMatch(/[\u202e\u0007]/);
  await page.close();
});

test("charts have a title, a description and a table for those who cannot see them", async () => {
  const { page } = await look(1280, "light");
  for (const name of [
    "Endings by reason",
    "Answered countdowns and endings by user",
    "Idle times at a return and at an ending",
  ])
    expect(
      await page.getByRole("img", { name: new RegExp(`^${name}\\. .*; the table has`) }).count(),
      name,
    ).toBe(1);
  expect(await page.getByRole("table").count()).toBe(3);
  expect(await page.getByRole("rowheader", { name: "max_login" }).count()).toBe(1);
  expect(await page.getByRole("columnheader", { name: "Came back" }).count()).toBe(1);
  await page.close();
});

test("the page says of when, where and by what it is, and paper is white with the bars in colour", async () => {
  const { page } = await look(1280, "dark");
  const about = await page.locator("footer").textContent();
  expect(about).toMatch(/Host\S+/);
  expect(about).toMatch(/Periodfrom the beginning of the audit to 2\d{3}-/);
  expect(about).toMatch(/Records\d+, from 2026-01-05/);
  expect(about).toMatch(/Policy file\/etc\/afkill\/afkill\.toml/);
  expect(about).toMatch(/Generated2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d\S+ by afkill \d+\.\d+\.\d+/);
  const printed = `
    (({ printColorAdjust, backgroundColor }) => [printColorAdjust, backgroundColor])(
      getComputedStyle(document.querySelector(".bar i")))`;
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  expect(await colours(page)).toEqual(["rgb(0, 0, 0)", "rgb(255, 255, 255)"]);
  // A browser prints no background unless it is asked to.
  expect(await page.evaluate(printed)).toEqual(["exact", "rgb(180, 83, 26)"]);
  await page.close();
});

test("text and JSON tell the same, for the period that is asked for", () => {
  const all = JSON.parse(report("--json"));
  expect(all.totals).toMatchObject({ answered: 20, countdowns: 20, ended: 212, failedTries: 1 });
  expect(report()).toMatch(/^Answered +20 of 20 \(100 %\)$/m);
  const later = JSON.parse(report("--json", "--since", "2026-01-06", "--until", "2027-01-01"));
  expect(later.period).toMatchObject({
    since: expect.stringContaining("2026-01-0"),
    until: expect.any(String),
  });
  expect(later.totals.ended).toBeLessThan(all.totals.ended);
  expect(later.totals.ended).toBeGreaterThan(0);
  expect(readFileSync(html, "utf8").length).toBeLessThan(100_000);
});
