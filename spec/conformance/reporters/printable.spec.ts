import { expect } from 'chai';
import { toJson } from '../../../lib/conformance/reporters/json.js';
import { printable } from '../../../lib/conformance/reporters/printable.js';
import { HOSTILE_TEXTS } from '../../support/results.js';

describe('printable()', () => {
  it('shows control characters, bidirectional characters and invalid Unicode as escapes', () => {
    expect(printable('a\tb\r\n\0\x1b\x9b')).to.equal('a\\tb\\r\\n\\x00\\x1b\\x9b');
    expect(printable('\u202e\ud800\ufffe\u{e0001}\u2028')).to.equal(
      '\\u{202e}\\u{d800}\\u{fffe}\\u{e0001}\\u{2028}',
    );
    expect(printable('é ‘x’ \u{1f600} \\n')).to.equal('é ‘x’ \u{1f600} \\n');
  });

  it('shortens a long text, and says how long it was', () => {
    expect(printable('x'.repeat(65_536))).to.equal(`${'x'.repeat(400)} … (65,536 characters)`);
    expect(printable(`${'x'.repeat(399)}\u{1f600}`)).to.match(/x\\u\{d83d\} … \(401 characters\)$/);
  });
});

describe('toJson()', () => {
  it('contains the hidden characters as escapes, and the same value', () => {
    const json = toJson(HOSTILE_TEXTS);
    expect(JSON.parse(json)).to.deep.equal(HOSTILE_TEXTS);
    expect(json).to.match(/^[\n\x20-\x7e\u00a1-\u2027\u2030-\u{10ffff}]*$/u);
  });
});
