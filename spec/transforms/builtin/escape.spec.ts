import { expect } from 'chai';
import { escape as escapeControlCharacters } from '../../../lib/index.js';
import { life, pass, thrown } from '../../support/pass.js';
import { createTestRelay, join } from '../../support/room.js';
import { arrivedNotice, relayed } from '../../support/wire.js';

describe('transform escape', () => {
  it('makes control and direction characters visible, and keeps everything else', async () => {
    const lines = ['\x1b[2J\r', '\u202egnp.exe', '\tfür 日本 👍', 'C:\\x'];
    expect(await pass(escapeControlCharacters(), life(lines))).to.deep.equal(
      life(['\\x1b[2J\\r', '\\u202egnp.exe', '\tfür 日本 👍', 'C:\\x']),
    );
  });

  it('makes bytes visible that are invalid UTF-8', async () => {
    const relay = createTestRelay({ transforms: [escapeControlCharacters()] });
    const [a, b] = [await join(relay), await join(relay)];
    b.send(Buffer.from('\x9b2J \u00ff\n', 'latin1'));
    b.send('ü\ufffd\x1b\n');
    await a.receives(arrivedNotice(1), relayed(1, '\\x9b2J \\xff', 'ü\ufffd\\x1b'));
  });

  it('rejects any option', () => {
    expect(thrown(() => escapeControlCharacters({ tabs: true } as never))).to.equal(
      "transform escape: unknown option 'tabs'; this transform has no options",
    );
  });
});
