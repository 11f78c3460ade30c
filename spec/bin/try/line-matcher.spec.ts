import { expect } from 'chai';
import { LineMatcher } from '../../../bin/try/line-matcher.js';

/** The reports of the matcher about lines with these texts, when these come out. */
function reported(texts: string[], outputs: string[]): string[] {
  const reports: string[] = [];
  const matcher = new LineMatcher({
    onDropped: ({ number }) => reports.push(`${number} dropped`),
    onChanged: ({ number }) => reports.push(`${number} changed`),
  });
  for (const [i, text] of texts.entries()) matcher.add({ number: i + 1, text });
  for (const text of outputs) matcher.answer(text);
  matcher.settle();
  return reports;
}

describe('LineMatcher', () => {
  it('reports nothing of lines that come out unchanged', () => {
    expect(reported(['a', 'b'], ['a', 'b'])).to.deep.equal([]);
  });

  it('reports lines that are dropped before, between and after others', () => {
    expect(reported(['x', 'a', 'y', 'b', 'z'], ['a', 'b'])).to.deep.equal([
      '1 dropped',
      '3 dropped',
      '5 dropped',
    ]);
  });

  it('reports lines that are changed', () => {
    expect(reported(['a', 'b', 'c'], ['A', 'b', 'C'])).to.deep.equal(['1 changed', '3 changed']);
  });

  it('ignores lines that come out without input', () => {
    expect(reported(['a'], ['a', 'extra'])).to.deep.equal([]);
  });

  it('reports the oldest line as dropped when very many wait', () => {
    const texts = Array.from({ length: 10_002 }, (_, i) => `${i}`);
    expect(reported(texts, []).slice(0, 2)).to.deep.equal(['1 dropped', '2 dropped']);
    expect(reported(texts, [])).to.have.length(10_002);
  });
});
