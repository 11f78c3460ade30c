import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { renderBytes, renderNotice, renderPieces } from '../../lib/protocol/render.js';

const KIB = 1024;

/** The specification of rendered lines. */
const expected = (client: number, bytes: string): string =>
  bytes
    .split('\n')
    .map((line) => `client ${client}: ${line}\n`)
    .join('');

describe('renderNotice()', () => {
  it('renders the notices of the subject', () => {
    expect(renderNotice('arrived', 7)).to.equal('server: client 7 just arrived\n');
    expect(renderNotice('left', 7)).to.equal('server: client 7 just left\n');
  });
});

describe('renderPieces()', () => {
  it('renders a short block as one piece', () => {
    expect([...renderPieces(1, 'a\n\nb\r')]).to.deep.equal(['client 1: a\nclient 1: \nclient 1: b\r\n']);
  });

  it('renders an empty line', () => {
    expect([...renderPieces(3, '')]).to.deep.equal(['client 3: \n']);
  });

  it('does not treat the bytes of a line as a replacement pattern', () => {
    expect([...renderPieces(0, "$& $1 $$\n$' $`")]).to.deep.equal(["client 0: $& $1 $$\nclient 0: $' $`\n"]);
  });

  for (const [name, bytes] of [
    ['one line', 'x'.repeat(5e6)],
    ['empty lines', '\n'.repeat(3e6)],
    ['short lines and a long one', `${'a\n'.repeat(1e6)}${'b'.repeat(3e6)}`],
  ] as const) {
    it(`renders a large block of ${name} in pieces of less than 20 MB`, () => {
      const pieces = [...renderPieces(7, bytes)];
      expect(pieces.join('') === expected(7, bytes)).to.equal(true);
      expect(Math.max(...pieces.map(({ length }) => length))).to.be.below(20e6);
    });
  }
});

describe('renderBytes()', () => {
  for (const size of [10, 1000, 100 * KIB, 3000 * KIB]) {
    it(`renders a block of ${size} bytes, as a string or as a Buffer`, () => {
      const bytes = 'some l\xffne\n'.repeat(size / 10);
      for (const lines of [bytes, Buffer.from(bytes, 'latin1')]) {
        const pieces = [...renderBytes(3, lines)].map((piece) =>
          typeof piece === 'string' ? piece : piece.toString('latin1'),
        );
        expect(pieces.join('') === expected(3, bytes)).to.equal(true);
      }
    });
  }

  it('renders strings if the engine has no WebAssembly', () => {
    const module = new URL('../../lib/protocol/render.js', import.meta.url).href;
    const program = `
      import { renderBytes } from '${module}';
      const pieces = [...renderBytes(3, 'line\\n'.repeat(200))];
      process.stdout.write(JSON.stringify([typeof WebAssembly, pieces]));`;
    const out = execFileSync(process.execPath, ['--jitless', '--input-type=module', '-e', program], {
      // Node warns that --jitless disables WebAssembly.
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const bytes = 'line\n'.repeat(200);
    expect(JSON.parse(out.toString())).to.deep.equal(['undefined', [expected(3, bytes)]]);
  });
});
