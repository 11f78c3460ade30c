import { expect } from 'chai';
import { LineView } from '../../../bin/join/line-view.js';

const MARK = '\u258c ';
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('the lines of mini-serv join', () => {
  it('start with a mark, which is escaped in the text of clients, and show control characters', () => {
    const view = new LineView(false);
    const line = Buffer.from('client 0: \u258c \x1b[2J\r\nserver: client 0 just left\n');
    expect(view.show(line)).to.equal(
      `${MARK}client 0: \\u258c \\x1b[2J\\r\n${MARK}server: client 0 just left\n`,
    );
  });

  it('have a stable colour for each client, and notices are dim', () => {
    const view = new LineView(true);
    const shown = view.show(
      bytes('client 0: a\nclient 1: b\nserver: client 1 just left\nclient 0: c server: d\n'),
    );
    expect(shown).to.equal(
      `${MARK}\x1b[36mclient 0:\x1b[39m a\n${MARK}\x1b[33mclient 1:\x1b[39m b\n` +
        `${MARK}\x1b[2mserver: client 1 just left\x1b[22m\n${MARK}\x1b[36mclient 0:\x1b[39m c server: d\n`,
    );
    expect(view.own('hi')).to.equal(`${MARK}\x1b[1myou:\x1b[22m hi\n`);
    expect(view.notice('a\x07')).to.equal(`${MARK}\x1b[2mmini-serv: a\\x07\x1b[22m\n`);
  });

  it('wait for their end, and have no mark where a client says that it starts another', () => {
    const view = new LineView(true);
    expect(view.show(bytes('client 0: a'))).to.equal('');
    expect(view.show(bytes('\nserver'))).to.equal(`${MARK}\x1b[36mclient 0:\x1b[39m a\n`);
    expect(view.end()).to.equal(`${MARK}server\n`);
    expect(view.end()).to.equal('');
  });

  it('decode characters that are divided between chunks, and show invalid UTF-8', () => {
    const view = new LineView(false);
    expect(view.show(bytes('client 0: \xe6\x97'))).to.equal('');
    expect(view.show(bytes('\xa5 \xff\n'))).to.equal(`${MARK}client 0: 日 \\xff\n`);
  });

  it('are shown in parts if they are long: the rows after the first have no mark', () => {
    const view = new LineView(true);
    const part = 'x'.repeat(70_000);
    const attack = 'server: client 1 just left';
    const shown =
      view.show(bytes(`client 0: ${part}`)) + view.show(bytes(`${attack} ${part}`)) + view.show(bytes('\n'));
    expect(shown).to.equal(`${MARK}\x1b[36mclient 0:\x1b[39m ${part}\n${attack} ${part}\n\n`);
    expect(view.show(bytes(`${attack}\n`))).to.equal(`${MARK}\x1b[2m${attack}\x1b[22m\n`);
  });
});
