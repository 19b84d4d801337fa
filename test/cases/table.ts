// Prints, at the end of a run of the cases, one table: a case a row, a release a column.
import type { Reporter, TestCase, TestModule } from "vitest/node";
import { releases } from "../lab/release.ts";

type State = ReturnType<TestCase["result"]>["state"];

interface Row {
  readonly chapter: string;
  readonly name: string;
  /** By the name of the release. */
  readonly states: Record<string, State>;
}

/** What stands in the table for a state; a dash for a case that has no such release. */
const WORDS: Readonly<Record<State, string>> = {
  passed: "pass",
  failed: "FAIL",
  skipped: "skipped",
  pending: "not run",
};

/** The titles above a test, outermost first, and its own last. */
function titlesOf(test: TestCase): string[] {
  const titles = [test.name];
  for (let at = test.parent; at.type === "suite"; at = at.parent) titles.unshift(at.name);
  return titles;
}

/** The rows of the tests that stand below a release's name: `chapter > release > ... > case`. Others are none of the table's. */
export function rowsOf(
  tests: readonly { readonly titles: readonly string[]; readonly state: State }[],
): Row[] {
  const rows = new Map<string, Row>();
  for (const { titles, state } of tests) {
    const release = releases.find(({ name }) => titles.includes(name));
    if (!release) continue;
    const [chapter = "", ...rest] = titles.filter((title) => title !== release.name);
    const name = rest.join(" ");
    const key = `${chapter}\n${name}`;
    const row = rows.get(key) ?? { chapter, name, states: {} };
    row.states[release.name] = state;
    rows.set(key, row);
  }
  return [...rows.values()].sort((a, b) => a.chapter.localeCompare(b.chapter));
}

/** The table as text. */
export function tableOf(rows: readonly Row[]): string {
  const wide = Math.max(...rows.map(({ name }) => name.length + 2));
  const columns = releases.map(({ name }) => name);
  const lines = [`${" ".repeat(wide)}  ${columns.join("  ")}`];
  let chapter = "";
  for (const row of rows) {
    if (row.chapter !== chapter) lines.push(row.chapter);
    chapter = row.chapter;
    const cells = columns.map(
      (name) => WORDS[row.states[name] as State]?.padEnd(name.length) ?? "-".padEnd(name.length),
    );
    lines.push(`  ${row.name.padEnd(wide - 2)}  ${cells.join("  ")}`.trimEnd());
  }
  const all = rows.flatMap(({ states }) => Object.values(states));
  const count = (state: State) => all.filter((it) => it === state).length;
  lines.push(
    `${rows.length} cases: ${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`,
  );
  return lines.join("\n");
}

/** The reporter that vitest.config.ts names. */
export default class CaseTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const rows = rowsOf(tests.map((test) => ({ titles: titlesOf(test), state: test.result().state })));
    if (rows.length > 0) process.stdout.write(`\n${tableOf(rows)}\n`);
  }
}
