import { expect } from 'chai';
import { UnansweredLines } from '../../../lib/transforms/builtin/exec-unanswered.js';
import { texts } from '../../support/pass.js';

/** The lines without an answer after these answers. */
function unanswered(given: string[], answers: string[]): string[] {
  const lines = new UnansweredLines();
  for (const text of given) lines.add({ kind: 'line', client: 0, text });
  for (const text of answers) lines.answer(text);
  return texts(lines.take());
}

describe('UnansweredLines', () => {
  it('takes an output line as the answer to the oldest line', () => {
    expect(unanswered(['a', 'b', 'c'], ['A'])).to.deep.equal(['b', 'c']);
    expect(unanswered(['a'], ['A', 'extra'])).to.deep.equal([]);
  });

  it('takes an output line with the text of a later line as the answer to that one', () => {
    expect(unanswered(['a', 'b', 'c', 'd'], ['c'])).to.deep.equal(['d']);
  });

  it('keeps its order over many lines and answers', () => {
    const given = Array.from({ length: 5000 }, (_, i) => `${i}`);
    expect(
      unanswered(
        given,
        given.slice(0, 4000).map((text) => `-${text}`),
      ),
    ).to.deep.equal(given.slice(4000));
  });

  it('forgets the oldest lines when they become too many', () => {
    const given = Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(100_000));
    expect(unanswered(given, [])).to.deep.equal(given.slice(-41));
  });

  it('keeps a single line of any length', () => {
    const long = 'x'.repeat(5_000_000);
    expect(unanswered(['a', long], [])).to.deep.equal([long]);
  });

  it('forgets lines without an answer 10 seconds after the program has taken them', () => {
    let now = 0;
    const lines = new UnansweredLines(() => now);
    lines.add({ kind: 'line', client: 0, text: 'a' });
    lines.setTaken();
    now = 5000;
    lines.add({ kind: 'line', client: 0, text: 'b' });
    lines.setTaken();
    lines.add({ kind: 'line', client: 0, text: 'not taken' });
    now = 10_001;
    lines.answer('B');
    now = 60_000;
    expect(texts(lines.take())).to.deep.equal(['not taken']);
  });

  it('forgets the lines that it returns', () => {
    const lines = new UnansweredLines();
    lines.add({ kind: 'line', client: 0, text: 'a' });
    expect(texts(lines.take())).to.deep.equal(['a']);
    expect(lines.take()).to.deep.equal([]);
  });
});
