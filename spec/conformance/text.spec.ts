import { expect } from 'chai';
import { commonPrefixLength, excerpt, showDifference, visible } from '../../lib/conformance/text.js';

describe('visible()', () => {
  it('returns only printable characters', () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    expect(visible(all)).to.match(/^[\x20-\x7e]*$/);
  });

  it('escapes control characters, backslashes and bytes above 127', () => {
    expect(visible(Buffer.from('a\tb\r\n\\n\x04é'))).to.equal('a\\tb\\r\\n\\\\n\\x04\\xc3\\xa9');
  });
});

describe('excerpt()', () => {
  it('returns up to 72 bytes unchanged', () => {
    expect(excerpt(Buffer.alloc(72, 'a'))).to.equal('a'.repeat(72));
  });

  it('shortens a longer text in the middle, and adds its length', () => {
    expect(excerpt(Buffer.alloc(364_000, 'a'))).to.equal(
      `${'a'.repeat(40)} … ${'a'.repeat(12)} (364,000 bytes)`,
    );
  });
});

describe('showDifference()', () => {
  const show = (expected: string, received: string) =>
    showDifference(Buffer.from(expected), Buffer.from(received));

  it('begins with the line of the first difference', () => {
    expect(show('one\ntwo\n', 'one\ntoo\n')).to.deep.equal({
      expected: 'two\\n',
      received: 'too\\n',
      column: 1,
    });
  });

  it('counts the column in visible characters', () => {
    expect(show('a\r\n', 'a\r\r')).to.deep.equal({ expected: 'a\\r\\n', received: 'a\\r\\r', column: 3 });
  });

  it('shortens long lines on both sides of the difference', () => {
    const long = 'x'.repeat(1000);
    const { expected, received, column } = show(`${long}1${long}`, `${long}2${long}`);
    expect([expected.at(column), received.at(column)]).to.deep.equal(['1', '2']);
    expect([expected.slice(0, 2), expected.slice(-2)]).to.deep.equal(['… ', ' …']);
    expect(expected.length).to.be.below(80);
  });
});

describe('commonPrefixLength()', () => {
  it('is the whole length of equal texts', () => {
    expect(commonPrefixLength(Buffer.from('ab'), Buffer.from('ab'))).to.equal(2);
  });
});
