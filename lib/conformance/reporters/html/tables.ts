import type { Case, Rank } from '../../case.js';
import type { Outcome, Result } from '../../run.js';
import type { Count } from '../../verdict.js';
import { printable } from '../printable.js';
import { escapeMarkup } from '../xml.js';

export const SIGNS: Readonly<Record<Outcome, string>> = {
  passed: '✓',
  failed: '✗',
  skipped: '–',
  undecided: '?',
};

/** Returns how many cases of each rank had which outcome. */
export function rankTable(counts: readonly Count[], results: readonly Result[]): string {
  const sum = (outcome: Outcome) => results.filter((result) => result.outcome === outcome).length;
  const rows = counts.map(({ rank, required, passed, failed, skipped, undecided }) => {
    const note = required ? '' : ' <span class="note">not required</span>';
    const cells = [passed, failed, skipped, undecided].map((count) => `<td>${count}</td>`).join('');
    return `<tr><th scope="row">${rank}${note}</th>${cells}<td class="strip" aria-hidden="true">${strip(results, rank)}</td></tr>`;
  });
  return `<table class="ranks">
<caption>Cases by rank</caption>
<thead><tr><th scope="col">Rank</th><th scope="col">passed</th><th scope="col">failed</th><th scope="col">skipped</th><th scope="col">not judged</th><td class="strip"></td></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
<tfoot><tr><th scope="row">all</th><td>${sum('passed')}</td><td>${sum('failed')}</td><td>${sum('skipped')}</td><td>${sum('undecided')}</td><td class="strip"></td></tr></tfoot>
</table>`;
}

/** A square for each case: an overview for the eye. */
function strip(results: readonly Result[], rank: Rank): string {
  return results
    .filter((result) => result.case.rank === rank)
    .map(({ outcome }) => `<i class="${outcome}"></i>`)
    .join('');
}

/**
 * Returns all cases, one in each row.
 *
 * @param idOf the id of the element that explains a failed case
 */
export function caseTable(results: readonly Result[], idOf: (one: Case) => string): string {
  const rows = results.map(({ case: one, outcome, reason }) => {
    const name = `<code>${escapeMarkup(printable(one.name))}</code>`;
    const link = outcome === 'failed' ? `<a href="#${idOf(one)}">${name}</a>` : name;
    const note = reason === undefined ? '' : ` <span class="note">${escapeMarkup(printable(reason))}</span>`;
    const word = outcome === 'undecided' ? 'not judged' : outcome;
    return `<tr class="${outcome}"><td><span class="sign" aria-hidden="true">${SIGNS[outcome]}</span> ${word}</td><th scope="row">${link}</th><td>${one.rank}</td><td>${escapeMarkup(printable(one.title))}${note}</td></tr>`;
  });
  return `<div class="scroll" role="group" aria-labelledby="cases" tabindex="0"><table class="cases">
<thead><tr><th scope="col">Result</th><th scope="col">Case</th><th scope="col">Rank</th><th scope="col">Rule</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div>`;
}
