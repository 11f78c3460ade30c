import { expect } from 'chai';
import fc from 'fast-check';
import { type Input, KeyDecoder } from '../../../bin/join/keys.js';
import { checkProperty } from '../../support/property.js';

/** Decodes chunks, and joins texts that follow each other. Actions are shown in brackets. */
function decode(...chunks: (string | Buffer)[]): string {
  const decoder = new KeyDecoder();
  const inputs = chunks.flatMap((chunk): Input[] => decoder.decode(Buffer.from(chunk)));
  return inputs.map((input) => ('text' in input ? input.text : `<${input.action}>`)).join('');
}

const KEYS: Record<string, string> = {
  '\x1b[A': 'older',
  '\x1b[B': 'newer',
  '\x1bOA': 'older',
  '\x1b[C': 'right',
  '\x1b[D': 'left',
  '\x1b[1;5D': 'wordLeft',
  '\x1b[1;3C': 'wordRight',
  '\x1b[1;2C': 'wordRight',
  '\x1b[H': 'home',
  '\x1b[1~': 'home',
  '\x1bOF': 'end',
  '\x1b[4~': 'end',
  '\x1b[3~': 'deleteRight',
  '\x1b[3;5~': 'deleteWordRight',
  '\x1b\x7f': 'deleteWordLeft',
  '\x1bb': 'wordLeft',
  '\x7f': 'deleteLeft',
  '\x03': 'quit',
  '\x04': 'leave',
  '\x1a': 'suspend',
  '\r': 'send',
};

describe('the keys of mini-serv join', () => {
  for (const [bytes, action] of Object.entries(KEYS)) {
    it(`decodes ${JSON.stringify(bytes)} as ${action}`, () => {
      expect(decode(`a${bytes}b`)).to.equal(`a<${action}>b`);
    });
  }

  it('ignores keys without an action: F1 to F12, mouse, cursor reports, Escape, and Ctrl with other letters', () => {
    const keys = [
      '\x1b[11~',
      '\x1bOP',
      '\x1b[24~',
      '\x1b[[A',
      '\x1b[<0;1;1M',
      '\x1b[12;3R',
      '\x1b\x1b',
      '\x1c\x00',
      '\x1bz',
    ];
    for (const key of keys) expect(decode(`a${key}`, '\x01', 'b'), JSON.stringify(key)).to.equal('a<home>b');
  });

  it('leaves with Ctrl-C after an Escape, and after the start of a sequence', () => {
    expect(decode('\x1b', '\x03')).to.equal('<quit>');
    expect(decode('\x1b[1', '\x03')).to.contain('<quit>');
  });

  it('takes CR, LF and CRLF as one line break each, also when CRLF is divided', () => {
    expect(decode('a\r\nb\rc\nd\r', '\ne\n\n')).to.equal('a<send>b<send>c<send>d<send>e<send><send>');
  });

  it('takes control characters in a paste as text, and line breaks as such', () => {
    const paste = '\x1b[200~a\x03\x1b[A\tb\r\nc\x1b[201~\x04';
    expect(decode(paste)).to.equal('a\x03\x1b[A\tb<send>c<leave>');
  });

  it('decodes the same wherever chunks are divided', async () => {
    const part = fc.constantFrom(
      'a',
      '日',
      '👍',
      '\x1b[200~',
      '\x1b[201~',
      '\x1b[1;5D',
      '\x1bOA',
      '\r',
      '\n',
      '\x03',
      '\x1bb',
    );
    await checkProperty(
      'join/keys',
      200,
      fc.property(fc.array(part), fc.array(fc.nat(60)), (parts, cuts) => {
        const bytes = Buffer.from(parts.join(''));
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
        expect(decode(...chunks)).to.equal(decode(bytes));
      }),
    );
  });
});
