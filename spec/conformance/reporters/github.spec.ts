import { expect } from 'chai';
import { github, githubAnnotations } from '../../../lib/conformance/reporters/github.js';
import { markdownReport } from '../../../lib/conformance/reporters/markdown.js';
import {
  failureOf,
  HOSTILE_TEXTS,
  hostileResults,
  reportOf,
  resultOf,
  summaryOf,
} from '../../support/results.js';

interface Annotation {
  readonly level: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

/** Reads workflow commands as the runner does: it trims a line, and decodes properties and message. */
function parse(text: string): Annotation[] {
  const lines = text.split(/\r\n|\r|\n/);
  expect(lines.pop(), 'the last line has no end').to.equal('');
  return lines.map((line) => {
    const [, level = '', list = '', data = ''] = /^::(\w+) ([^:]*)::(.*)$/s.exec(line.trim()) ?? [];
    const properties = list.split(',').map((property): [string, string] => {
      const [name = '', value = ''] = property.split(/=(.*)/s);
      return [name, decode(value)];
    });
    return { level, properties: Object.fromEntries(properties), message: decode(data) };
  });
}

function decode(text: string): string {
  const decoded: Readonly<Record<string, string>> = {
    '0D': '\r',
    '0A': '\n',
    '3A': ':',
    '2C': ',',
    '25': '%',
  };
  return text.replace(/%(0D|0A|3A|2C|25)/g, (_all, code: string) => decoded[code] as string);
}

const DIAGNOSTICS = [
  'mini_serv.c: In function ‘main’:',
  'mini_serv.c:3:52: error: expected ‘;’ before ‘}’ token',
  '    3 | return A }',
  'mini_serv.c:7: warning: unused variable ‘i’',
  "mini_serv.c:3:51: error: expected ';' after return statement",
  '/usr/include/stdio.h:9:1: error: elsewhere',
];

describe('the annotations for GitHub', () => {
  it('are at the lines that the compiler names', () => {
    const { results } = summaryOf([failureOf('compiles', { output: DIAGNOSTICS })]);
    const summary = summaryOf(results, { sourcePath: './mini_serv.c' });
    const annotations = parse(githubAnnotations(summary, undefined));
    expect(
      annotations.map(({ level, properties: { title, ...place } }) => ({ level, ...place })),
    ).to.deep.equal([
      { level: 'error', file: './mini_serv.c', line: '3', col: '52' },
      { level: 'error', file: './mini_serv.c', line: '7' },
    ]);
    expect(annotations[0]?.message).to.match(/^expected ‘;’ before ‘}’ token\n/);
    expect(annotations[0]?.properties.title).to.match(/^compiles: the source compiles/);
  });

  it('name an error before the warnings, and instead of one for the same line', () => {
    const output = [
      'mini_serv.c:2:1: warning: unused variable ‘i’',
      'mini_serv.c:5:9: warning: initialization makes integer from pointer without a cast',
      'mini_serv.c:5:9: error: initializer element is not constant',
    ];
    const summary = summaryOf([failureOf('compiles', { output })], { sourcePath: 'mini_serv.c' });
    const annotations = parse(githubAnnotations(summary, undefined));
    expect(
      annotations.map(({ properties: { line }, message }) => [line, message.split('\n')[0]]),
    ).to.deep.equal([
      ['5', 'initializer element is not constant'],
      ['2', 'unused variable ‘i’'],
    ]);
  });

  it('are at the lines that a rule for the source names, with a path in the repository', () => {
    const summary = summaryOf([failureOf('no-define', { output: ['line 12: #define A 1'] })], {
      sourcePath: '/work/repo/rendu/mini_serv.c',
    });
    const [annotation] = parse(githubAnnotations(summary, '/work/repo'));
    expect(annotation?.properties).to.include({ file: 'rendu/mini_serv.c', line: '12' });
    const [outside] = parse(githubAnnotations(summary, '/work/other'));
    expect(outside?.properties).to.include({ file: '/work/repo/rendu/mini_serv.c' });
  });

  it('are errors where a case is required, warnings where not, and notices where it could not be judged', () => {
    const summary = summaryOf([
      resultOf('lines', 'passed'),
      failureOf('every-line', { expected: Buffer.from('a\n'), received: Buffer.from('b\n') }),
      resultOf('pieces', 'undecided', { reason: 'busy' }),
      failureOf('nul', {}, { exit: { code: 3, signal: null } }),
      resultOf('idle', 'skipped', { reason: 'no /proc' }),
    ]);
    const annotations = parse(githubAnnotations(summary, undefined));
    expect(
      annotations.map(({ level, properties }) => [level, properties.title?.split(':')[0]]),
    ).to.deep.equal([
      ['error', 'every-line'],
      ['warning', 'nul'],
      ['notice', 'pieces'],
    ]);
    expect(annotations[0]?.message).to.contain('\nexpected  a\\n\nreceived  b\\n\n');
    expect(annotations[1]?.message).to.contain('\nThe server ended with exit code 3.\n');
    expect(annotations[0]?.properties).to.have.all.keys('title');
  });

  it('begin with the first failure of each cause', () => {
    const [first, same, other] = [failureOf('lines'), failureOf('every-line'), failureOf('pieces')] as const;
    const summary = summaryOf([first, same, other], {}, [
      { first, others: [same], required: true },
      { first: other, others: [], required: true },
    ]);
    const titles = parse(githubAnnotations(summary, undefined)).map(
      ({ properties }) => properties.title ?? '',
    );
    expect(titles.map((title) => title.split(':')[0])).to.deep.equal(['lines', 'pieces', 'every-line']);
  });

  it('name at most ten places of one failure', () => {
    const output = Array.from({ length: 15 }, (_, i) => `line ${i + 1}: #define A`);
    const summary = summaryOf([failureOf('no-define', { output })], { sourcePath: 'a.c' });
    expect(parse(githubAnnotations(summary, undefined))).to.have.length(10);
  });

  for (const text of HOSTILE_TEXTS) {
    it(`contain no command of ${JSON.stringify(text.slice(0, 40))}`, () => {
      const summary = summaryOf(hostileResults(text), { sourcePath: `${text}mini_serv.c` });
      const annotations = parse(githubAnnotations(summary, undefined));
      expect(
        annotations
          .map(({ level }) => level)
          .sort()
          .join(' '),
      ).to.match(/^(error )+notice( warning)$/);
      for (const { properties } of annotations) {
        expect(properties).to.not.include({ file: 'forged.c' });
        expect(Object.keys(properties)).to.have.members(
          ['file', 'line', 'col', 'title'].filter((key) => key in properties),
        );
      }
    });
  }
});

describe('the reporter for GitHub', () => {
  it('passes the summary on, and writes only annotations', () => {
    const summary = summaryOf([failureOf('every-line')]);
    let written = '';
    const onSummary = (text: string): void => {
      written += text;
    };
    expect(reportOf(github({ onSummary }), summary)).to.equal(githubAnnotations(summary, undefined));
    expect(written).to.equal(markdownReport(summary));
  });

  it('writes the summary after the annotations if there is no file for it', () => {
    const summary = summaryOf([failureOf('every-line')]);
    expect(reportOf(github({}), summary)).to.equal(
      githubAnnotations(summary, undefined) + markdownReport(summary),
    );
  });

  for (const text of HOSTILE_TEXTS) {
    it(`contains only its own commands with ${JSON.stringify(text.slice(0, 40))}`, () => {
      const summary = summaryOf(hostileResults(text));
      const report = reportOf(github({}), summary);
      const annotations = githubAnnotations(summary, undefined);
      expect(report.slice(0, annotations.length)).to.equal(annotations);
      expect(report.slice(annotations.length)).to.not.match(/^\s*::|##\[/m);
    });
  }
});
