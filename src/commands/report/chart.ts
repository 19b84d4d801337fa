// Bar charts of HTML and CSS (style.ts). The browser cuts labels that are too long: it knows the reader's font. Colours are CSS variables
// of the page, so one chart is right for light, dark and paper.
import { html, type Markup } from "./markup.ts";

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

/** Draws a chart with its legend. Screen readers get its title and description instead. The longest bar takes the whole width. */
export function draw({ id, title, description, labels, series }: Chart): Markup {
  const most = Math.max(1, ...series.flatMap(({ values }) => values));
  const rows = labels.map((label, at) => {
    const bars = series.map(({ colour, values }) => bar(colour, values[at] ?? 0, most));
    return html`<div class="label">${label}</div><div class="row">${bars}</div>\n`;
  });
  const legend = series.map(({ name, colour }) => html`<span style="--fill: var(${colour})">${name}</span>`);
  return html`<figure id="${id}"><figcaption>${legend}</figcaption>
<div class="chart" role="img" aria-label="${title}. ${description}" style="--digits: ${String(most).length}">
${rows}</div></figure>`;
}

/** 0 has no visible bar, but it keeps its place. */
function bar(colour: string, value: number, most: number): Markup {
  if (value === 0) return html`<div class="bar"></div>`;
  const width = ((value / most) * 100).toFixed(2);
  return html`<div class="bar"><i style="--fill: var(${colour}); width: ${width}%"></i>${value}</div>`;
}
