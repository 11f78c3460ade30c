import { RANKS, type Rank } from '../case.js';
import type { Reporter, Summary } from '../reporter.js';
import type { Result } from '../run.js';
import { explanationLines, factsOf } from './facts.js';
import { printable } from './printable.js';
import { escapeMarkup } from './xml.js';

/** Writes the results as JUnit XML. */
export function junit(): Reporter {
  return { onEnd: junitXml };
}

/**
 * Returns the results as JUnit XML, with a suite for each rank. Cases that could not be judged are skipped ones, because
 * JUnit has no other word for a test without a verdict.
 */
export function junitXml({ results, plan: { required } }: Summary): string {
  const suites = RANKS.flatMap((rank) => {
    const ofRank = results.filter((result) => result.case.rank === rank);
    return ofRank.length === 0 ? [] : [suite(rank, ofRank, required.includes(rank))];
  });
  const attributes = `name="mini_serv conformance" ${counts(results)}`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${attributes}>\n${suites.join('')}</testsuites>\n`;
}

function counts(results: readonly Result[]): string {
  return `tests="${results.length}" failures="${count(results, 'failed')}" errors="0"`;
}

function count(results: readonly Result[], outcome: Result['outcome']): number {
  return results.filter((result) => result.outcome === outcome).length;
}

function suite(rank: Rank, results: readonly Result[], isRequired: boolean): string {
  const skipped = results.length - count(results, 'passed') - count(results, 'failed');
  return [
    `  <testsuite name="${rank}" ${counts(results)} skipped="${skipped}">\n`,
    `    <properties><property name="required" value="${isRequired}"/></properties>\n`,
    ...results.map((result) => testCase(result, isRequired)),
    '  </testsuite>\n',
  ].join('');
}

function testCase(result: Result, isRequired: boolean): string {
  const { case: one, outcome, reason = '' } = result;
  const start = `    <testcase name="${attribute(one.name)}" classname="mini_serv.${one.rank}"`;
  if (outcome === 'passed') return `${start}/>\n`;
  return `${start}>\n${outcome === 'failed' ? failure(result, isRequired) : skip(outcome, reason)}    </testcase>\n`;
}

function skip(outcome: Result['outcome'], reason: string): string {
  return `      <skipped type="${outcome}" message="${attribute(reason)}"/>\n`;
}

function failure(result: Result, isRequired: boolean): string {
  const facts = factsOf(result);
  const type = isRequired ? 'required' : 'not required';
  const text = [result.case.title, '', ...explanationLines(facts)].map(escapeMarkup).join('\n');
  return `      <failure type="${type}" message="${attribute(facts.what)}">${text}</failure>\n`;
}

function attribute(text: string): string {
  return escapeMarkup(printable(text));
}
