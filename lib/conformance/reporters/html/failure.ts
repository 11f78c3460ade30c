import type { Case } from '../../case.js';
import type { Cause } from '../../causes.js';
import { factsOf, stepTexts } from '../facts.js';
import { printable } from '../printable.js';
import { escapeMarkup } from '../xml.js';
import { drawDiagram } from './diagram.js';
import { showSides } from './sides.js';

/** The id of the element that explains a case. */
export function idOf({ name }: Case): string {
  return `case-${name.replace(/[^\w-]/g, '-')}`;
}

/** Explains the first failure of a cause, and lists the others. */
export function explainCause({ first, others }: Cause): string {
  const { case: one, details } = first;
  const id = idOf(one);
  const facts = factsOf(first);
  const { expected, received, end } = details ?? {};
  const sides =
    expected === undefined || received === undefined
      ? ''
      : showSides(expected, received, end && printable(end));
  const exit = facts.exit === undefined ? '' : `<p class="what">${escapeMarkup(facts.exit)}.</p>`;
  const steps = stepTexts(first);
  return `<article id="${id}" aria-labelledby="${id}-heading">
<h3 id="${id}-heading"><code>${escapeMarkup(printable(one.name))}</code> <span class="badge">${one.rank}</span></h3>
<p class="rule">${escapeMarkup(printable(one.title))}</p>
<div class="columns">
${steps.length === 0 ? '' : sequence(drawDiagram(first, id), one.name, steps)}
<div class="explanation">
<p class="what">${escapeMarkup(facts.what)}.</p>
${exit}${sides}
${quoteLines('Details', facts.output)}${quoteLines('Standard error of the server', facts.stderr)}
<h4>What it usually is</h4>
<p>${escapeMarkup(facts.hint)}</p>
<blockquote><p>${escapeMarkup(facts.subject)}</p><footer>The subject</footer></blockquote>
</div>
</div>
${otherNames(others.map((other) => other.case))}</article>`;
}

function sequence(svg: string, name: string, steps: readonly string[]): string {
  const items = steps.map((step) => `<li>${escapeMarkup(step)}</li>`).join('\n');
  return `<div class="sequence">
<div class="scroll" role="region" aria-label="Sequence diagram of ${escapeMarkup(printable(name))}" tabindex="0">
${svg}
</div>
<details><summary>The steps as text</summary><ol class="steps">
${items}
</ol></details>
</div>`;
}

function quoteLines(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  return `<h4>${title}</h4><pre tabindex="0">${lines.map(escapeMarkup).join('\n')}</pre>`;
}

function otherNames(cases: readonly Case[]): string {
  if (cases.length === 0) return '';
  const names = cases.map(({ name }) => `<li><code>${escapeMarkup(printable(name))}</code></li>`).join(' ');
  const text = cases.length === 1 ? 'One more case fails' : `${cases.length} more cases fail`;
  return `<div class="others"><h4>${text} for the same reason</h4><ul>${names}</ul></div>\n`;
}
