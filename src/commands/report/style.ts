/** The style of the report's page: light, dark and paper. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --raised: #f6f7f9; --ink: #1b2430; --faint: #5b6675; --line: #d5dae1;
  --ended: #b4531a; --answered: #12806f; --failed: #c0203a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181e; --raised: #1d232b; --ink: #e4e8ee; --faint: #a0abb9; --line: #37414d;
    --ended: #f0975a; --answered: #45c4ae; --failed: #ff7b8a;
  }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #ffffff; --raised: #ffffff; --ink: #000000; --faint: #444444; --line: #bbbbbb;
    --ended: #b4531a; --answered: #12806f; --failed: #c0203a;
  }
  * { print-color-adjust: exact; }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1rem 3rem; max-width: 70rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
h1 { margin: 0; font-size: 1.6rem; line-height: 1.25; }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.15rem; }
p { margin: .25rem 0 .75rem; }
.faint, caption, figcaption { color: var(--faint); }
code { font: .85em/1.4 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.warning { padding: .6rem .9rem; border-left: 4px solid var(--failed); background: var(--raised); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .75rem; margin: 1.5rem 0 0; }
.tiles div { padding: .8rem 1rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--raised); }
.tiles dt { color: var(--faint); font-size: .9rem; }
.tiles dd { margin: 0; font-size: 1.7rem; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; }
.tiles dd + dd { color: var(--faint); font-size: .85rem; font-weight: 400; }
.pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1.5rem 2.5rem; align-items: start; }
figure { margin: 0; }
figcaption { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin-bottom: .5rem; font-size: .9rem; }
figcaption span::before {
  content: ""; display: inline-block; width: .8em; height: .8em; margin-right: .45em; border-radius: 2px;
  background: var(--fill); forced-color-adjust: none;
}
.chart { display: grid; grid-template-columns: min(10rem, 40%) minmax(0, 1fr); align-items: center; font-size: .9rem; line-height: 1rem; }
.label { padding-right: .6rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; text-align: right; line-height: 1.4; }
.row { padding: .4rem calc(var(--digits) * 1ch + .4rem) .4rem 0; border-left: 1px solid var(--line); font-variant-numeric: tabular-nums; }
.bar { display: flex; height: 1rem; white-space: nowrap; }
.bar i {
  flex: none; min-width: 1px; margin: 1px .4rem 1px 0; border-radius: 0 2px 2px 0;
  background: var(--fill); forced-color-adjust: none;
}
table { width: 100%; border-collapse: collapse; font-size: .95rem; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .5rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
thead th { color: var(--faint); font-weight: 600; font-size: .85rem; }
th:first-child { padding-left: 0; text-align: left; }
tbody th { font-weight: 400; overflow-wrap: anywhere; min-width: 6rem; }
td { white-space: nowrap; }
.about { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .3rem 1.25rem; margin: 0; }
.about dt { color: var(--faint); }
.about dd { margin: 0; overflow-wrap: anywhere; }
footer p { margin: 1.25rem 0 0; font-size: .9rem; }
@media (max-width: 47rem) {
  body { padding-top: 1.25rem; }
  .pair { grid-template-columns: minmax(0, 1fr); }
  th, td { padding-left: .3rem; padding-right: .3rem; }
}
@media (max-width: 30rem) {
  th, td { padding-left: .2rem; padding-right: .2rem; }
  thead th { font-size: .75rem; }
  tbody th { min-width: 3.5rem; }
  .tiles { grid-template-columns: 1fr 1fr; }
  .about { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .about dd { margin-bottom: .5rem; }
}
@page { margin: 15mm; }
@media print {
  html { font-size: 9pt; }
  body { max-width: none; padding: 0; }
  figure, .tiles, tr { break-inside: avoid; }
  h2, h2 + p { break-after: avoid; }
}
`;
