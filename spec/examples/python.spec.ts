import { fileURLToPath } from 'node:url';
import { loadTransforms } from '../../lib/index.js';
import { createTestRelay, join } from '../support/room.js';
import { describeWith } from '../support/tools.js';
import { arrivedNotice, leftNotice, relayed, relayedBytes } from '../support/wire.js';

const PROGRAM = fileURLToPath(new URL('../../../examples/spelling.py', import.meta.url));

describeWith('python3', 'examples/spelling.py', () => {
  it('changes the spelling of each line at once', async () => {
    const transforms = await loadTransforms([`exec=python3 ${PROGRAM}`]);
    const relay = createTestRelay({ transforms });
    const [witness, client] = [await join(relay), await join(relay)];
    const received = [arrivedNotice(1), relayed(1, 'my favorite color')];
    client.send('my favourite colour\n');
    await witness.receives(...received);
    client.send(Buffer.from([0xff, 0x0a]));
    client.end();
    await witness.receives(...received, relayedBytes(1, Buffer.from([0xff])), leftNotice(1));
  });
});
