import type { Case } from '../../case.js';
import type { Cause } from '../../causes.js';
import type { Summary } from '../../reporter.js';
import { printable } from '../printable.js';
import { escapeMarkup } from '../xml.js';
import { explainCause, idOf } from './failure.js';
import { STYLE } from './style.js';
import { caseTable, rankTable, SIGNS } from './tables.js';

const VERDICTS = { conforms: 'passed', fails: 'failed', undecided: 'undecided' } as const;

/**
 * Returns the report as one HTML file, which is well-formed XML too. It needs no script and loads nothing, and its policy
 * forbids both.
 */
export function htmlPage({ plan, results, counts, causes, verdict, sentence }: Summary): string {
  const outcome = VERDICTS[verdict];
  const command = escapeMarkup(printable(plan.command.join(' ')));
  const explanations = new Map(
    causes.flatMap(({ first, others }) => [first, ...others].map((result) => [result.case.name, first.case])),
  );
  const idOfExplanation = (one: Case): string => idOf(explanations.get(one.name) ?? one);
  const failures = causes.filter(({ required }) => required);
  const findings = causes.filter(({ required }) => !required);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<title>${escapeMarkup(printable(sentence))}</title>
<style>${STYLE}</style>
</head>
<body>
<header class="${outcome}">
<p class="product">mini_serv conformance</p>
<h1><span class="sign" aria-hidden="true">${SIGNS[outcome]}</span> ${escapeMarkup(printable(sentence))}</h1>
<p>Tested: <code>${command}</code></p>
</header>
${contents(failures, findings)}<main>
<section aria-labelledby="ranks">
<h2 id="ranks">Summary</h2>
${rankTable(counts, results)}
</section>
${section('failures', 'Failures', failures)}${section('findings', 'Findings that are not required', findings)}<section aria-labelledby="cases">
<h2 id="cases">All cases</h2>
${caseTable(results, idOfExplanation)}
</section>
</main>
<footer><p>Made by <code>mini-serv conformance</code>. Each expected byte had ${plan.timeoutMs.toLocaleString('en')} ms to arrive. In quoted bytes, <code>\\n</code> and <code>\\x04</code> are single bytes, and <code>\\\\</code> is a backslash.</p></footer>
</body>
</html>
`;
}

function contents(failures: readonly Cause[], findings: readonly Cause[]): string {
  const links = [...failures, ...findings].map(
    ({ first: { case: one } }) =>
      `<li><a href="#${idOf(one)}"><code>${escapeMarkup(printable(one.name))}</code></a></li>`,
  );
  const all = [...links, '<li><a href="#cases">All cases</a></li>'];
  return `<nav aria-label="Contents"><ul>${all.join('')}</ul></nav>\n`;
}

function section(id: string, title: string, causes: readonly Cause[]): string {
  if (causes.length === 0) return '';
  return `<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${causes.map(explainCause).join('\n')}
</section>
`;
}
