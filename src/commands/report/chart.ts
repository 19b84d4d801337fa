// Bar charts as SVG, drawn here and now: the page that holds them runs no script. Colours are CSS variables of the page, so one drawing
// serves light, dark and paper.
import { BarChart } from "echarts/charts";
import { GridComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { UNSEEN } from "../../text/unseen.ts";
import { escapeHtml, type Markup, trusted } from "./markup.ts";

use([BarChart, GridComponent, SVGRenderer]);

/** The bars of one colour: a value for each label. `colour` is the name of a CSS variable of the page. */
export interface Series {
  readonly name: string;
  readonly colour: string;
  readonly values: readonly number[];
}

/** A chart of horizontal bars, from the top down. */
export interface Chart {
  /** Unique in the page. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly labels: readonly string[];
  readonly series: readonly Series[];
}

const WIDTH = 440;
const LABELS_WIDTH = 148;
/** Where a label is cut, in the library's own estimate: the reader's font may be a quarter wider. */
const LONGEST_LABEL = 110;
/** Room for a number behind the longest bar. */
const NUMBER_WIDTH = 48;
const BAR_HEIGHT = 13;
const ROW_GAP = 13;
const FONT = { fontSize: 13, fontFamily: "inherit" };

/** Draws a chart, with a title and a description for those who cannot see it. */
export function draw({ id, title, description, labels, series }: Chart): Markup {
  const height = labels.length * (series.length * (BAR_HEIGHT + 2) + ROW_GAP) + 4;
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    grid: { left: LABELS_WIDTH, right: NUMBER_WIDTH, top: 2, bottom: 2, outerBoundsMode: "none" },
    xAxis: { type: "value", show: false, min: 0 },
    yAxis: {
      type: "category",
      inverse: true,
      data: labels.map(shown),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: "var(--line)" } },
      axisLabel: {
        ...FONT,
        color: "var(--ink)",
        width: LONGEST_LABEL,
        overflow: "truncate",
        interval: 0,
      },
    },
    series: series.map(({ name, colour, values }) => ({
      type: "bar",
      name,
      data: [...values],
      barWidth: BAR_HEIGHT,
      barGap: "15%",
      cursor: "default",
      emphasis: { disabled: true },
      itemStyle: { color: `var(${colour})`, borderRadius: [0, 2, 2, 0] },
      label: {
        ...FONT,
        show: true,
        position: "right",
        color: "var(--ink)",
        formatter: ({ value }: { value: unknown }) => (value === 0 ? "" : String(value)),
      },
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  const texts = `<title id="${id}-title">${escapeHtml(title)}</title><desc id="${id}-text">${escapeHtml(description)}</desc>`;
  return trusted(
    svg.replace(/^<svg ([^>]*)>/, `<svg role="img" aria-labelledby="${id}-title ${id}-text" $1>${texts}`),
  );
}

/** The library escapes what it writes; what cannot be seen it would write as it is. */
function shown(label: string): string {
  return label.replace(UNSEEN, "\ufffd");
}
