/** The style sheet of the HTML report. Print has the light colours. */
export const STYLE = `
:root {
  --page: #f6f7f9; --paper: #fff; --text: #1c2128; --soft: #57606a; --line: #d0d7de; --quote: #f3f5f8;
  --good: #1a7f37; --bad: #c11f2d; --bad-soft: #ffe3e3; --wait: #7d4e00; --link: #0a58ca; --lane: #afb8c1;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #0f1318; --paper: #171c23; --text: #e4e8ee; --soft: #a3adba; --line: #343c47; --quote: #10151b;
    --good: #4ac26b; --bad: #ff7b81; --bad-soft: #5c1f25; --wait: #e3b341; --link: #7ab7ff; --lane: #566170;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.25rem; max-width: 72rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif;
}
code, pre, .bytes, .steps { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
code, pre, .steps { font-size: .875em; overflow-wrap: anywhere; }
a { color: var(--link); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
header, section > table, article, .cases, section > .scroll { background: var(--paper); border: 1px solid var(--line); border-radius: .5rem; }
header { padding: 1rem 1.25rem; border-left-width: .5rem; }
header.passed { border-left-color: var(--good); } header.failed { border-left-color: var(--bad); }
header.undecided { border-left-color: var(--wait); }
header p { margin: 0; color: var(--soft); }
h1 { margin: .25rem 0 .5rem; font-size: 1.5rem; line-height: 1.3; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 .75rem; font-size: 1.25rem; }
h3 { margin: 0; font-size: 1.125rem; }
h4 { margin: 1.25rem 0 .25rem; font-size: .875rem; color: var(--soft); }
header.passed .sign, .passed > td:first-child, i.passed { color: var(--good); }
header.failed .sign, .failed > td:first-child, i.failed { color: var(--bad); }
header.undecided .sign, .undecided > td:first-child, i.undecided { color: var(--wait); }
nav ul, .others ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: 1rem 0 0; padding: 0; list-style: none; }
table { border-collapse: collapse; }
caption { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
th, td { padding: .375rem .75rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
tr:last-child > * { border-bottom: 0; } tbody tr:last-child > * { border-bottom: 1px solid var(--line); }
.cases tbody tr:last-child > * { border-bottom: 0; }
thead th { font-size: .8125rem; color: var(--soft); }
tbody th { font-weight: 600; white-space: nowrap; }
.ranks { border-collapse: separate; border-spacing: 0; }
.ranks td:not(.strip), .ranks thead th:not(:first-child) { text-align: right; font-variant-numeric: tabular-nums; }
.strip { line-height: 0; padding-top: .7rem; }
.strip i { display: inline-block; width: .625rem; height: .875rem; margin: 0 2px 2px 0; border: 1px solid currentColor; border-radius: 2px; }
.strip .passed { background: currentColor; } .strip .skipped { color: var(--line); }
.strip .failed { background: linear-gradient(135deg, currentColor 50%, transparent 50%); }
.cases { width: 100%; border: 0; } .cases td:first-child { white-space: nowrap; }
.note { color: var(--soft); font-weight: 400; font-size: .875em; }
.cases .note { display: block; }
.badge { padding: .0625rem .5rem; border: 1px solid var(--line); border-radius: 1rem; color: var(--soft); font-size: .75rem; font-weight: 400; vertical-align: middle; }
article { padding: 1.25rem; margin-bottom: 1.25rem; }
.rule { margin: .25rem 0 1rem; color: var(--soft); }
.columns { display: grid; grid-template-columns: minmax(0, 29rem) minmax(0, 1fr); gap: 1.5rem 2rem; align-items: start; }
.explanation:only-child { grid-column: 1 / -1; }
.explanation > :first-child { margin-top: 0; }
.what { margin: 0 0 .5rem; color: var(--bad); font-weight: 600; overflow-wrap: anywhere; }
.difference { margin: .5rem 0; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 13rem), 1fr)); gap: .75rem; }
figure { margin: 0; min-width: 0; } figcaption { font-size: .8125rem; font-weight: 600; }
pre { margin: .25rem 0 0; padding: .625rem .75rem; background: var(--quote); border: 1px solid var(--line); border-radius: .375rem; white-space: pre-wrap; overflow-x: auto; }
.same, .cut { color: var(--soft); } .control { color: var(--link); white-space: nowrap; }
mark { padding: 0 1px; border-radius: 2px; background: var(--bad-soft); color: inherit; outline: 2px solid var(--bad); font-weight: 700; }
blockquote { margin: .75rem 0 0; padding: .25rem .875rem; border-left: .25rem solid var(--line); color: var(--soft); }
blockquote p { margin: 0; } blockquote footer { margin: 0; padding: 0; border: 0; font-size: .8125rem; }
.scroll { overflow-x: auto; }
details { margin-top: .5rem; color: var(--soft); } .steps { margin: .5rem 0 0; padding: 0; list-style: none; }
body > footer { margin-top: 2rem; color: var(--soft); font-size: .875rem; }
svg.diagram { display: block; max-width: none; height: auto; }
svg { background: var(--paper); } svg text { fill: var(--text); font: 12px system-ui, sans-serif; stroke: var(--paper); stroke-width: 4px; paint-order: stroke; stroke-linejoin: round; }
svg .bytes { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; white-space: pre; stroke: none; }
svg .caption, svg .number { fill: var(--soft); } svg .number { text-anchor: end; }
svg text.head { text-anchor: middle; font-weight: 600; stroke: none; }
rect.head { fill: var(--quote); stroke: var(--line); }
.lane { stroke: var(--lane); stroke-dasharray: 1 3; stroke-width: 2; } .band { fill: var(--quote); stroke: var(--line); }
.band ~ text { stroke: none; }
.arrow { stroke: var(--text); stroke-width: 1.5; } .tip, .dot { fill: var(--text); }
circle { stroke: var(--text); stroke-width: 1.5; fill: var(--text); } circle.leaves { fill: var(--paper); }
.expected .arrow { stroke: var(--soft); stroke-dasharray: 5 4; } .expected .tip { fill: var(--soft); } .expected .bytes { fill: var(--soft); }
.wrong .arrow, .wrong .cross { stroke: var(--bad); stroke-width: 2; } .wrong .cross { fill: none; stroke-width: 3; }
.wrong .tip { fill: var(--bad); } .wrong text.caption { fill: var(--bad); font-weight: 600; } .wrong .band { stroke: var(--bad); }
.mark { fill: var(--bad-soft); stroke: var(--bad); } svg .marked { font-weight: 700; } .under { fill: var(--paper); }
@media (max-width: 60rem) { .columns { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 40rem) { body { padding: .75rem; } article, header { padding: .875rem; } .ranks .strip { display: none; } th, td { padding: .375rem; } .ranks { width: 100%; font-size: .875rem; } .ranks .note { display: block; } }
@media print {
  @page { margin: 14mm; }
  body { max-width: none; padding: 0; background: #fff; font-size: 10pt; } nav, details { display: none; }
  header, article, section > table { border-radius: 0; } h2, h3, h4 { break-after: avoid; }
  article, figure, blockquote, tr, svg { break-inside: avoid; } .columns { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem; }
  article { padding: .75rem; } .scroll { overflow: visible; } svg.diagram { max-width: 100%; }
  mark, .mark, .strip i, pre, rect { print-color-adjust: exact; }
}
`;
