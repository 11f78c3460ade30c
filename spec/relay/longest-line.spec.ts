import { expect } from 'chai';
import { connectAs } from '../support/client.js';
import { startServer } from '../support/command.js';
import { arrivedNotice, relayed } from '../support/wire.js';

/** The longest line that is accepted by default. */
const LINE_BYTES = 64 * 1024 * 1024;
const PIECES = 8;

describe('a line of 64 MiB', () => {
  // To search all of the unfinished line again for each packet would take minutes.
  it('is delivered once and unchanged, and other clients talk while it is unfinished', async () => {
    const server = await startServer({ env: { NODE_V8_COVERAGE: '' } });
    const long = await connectAs(server);
    const short = await connectAs(server, 1, long);
    const piece = Buffer.alloc(LINE_BYTES / PIECES, 'abcdefghijklmnopqrstuvwxyz012345');
    const shortLines: string[] = [];
    for (let i = 0; i < PIECES; i++) {
      await long.send(piece);
      shortLines.push(`short ${i}`);
      await short.send(`short ${i}\n`);
      await long.receives(arrivedNotice(1), relayed(1, ...shortLines));
    }
    expect(short.inbox.length, 'bytes of the unfinished line that were delivered').to.equal(0);
    await long.send('\nend\n');

    const prefix = 'client 0: ';
    const end = relayed(0, '', 'end').slice(prefix.length);
    await short.inbox.untilLength(prefix.length + LINE_BYTES + end.length);
    const { received } = short;
    expect(received.subarray(0, prefix.length).toString()).to.equal(prefix);
    for (let i = 0; i < PIECES; i++) {
      const at = prefix.length + i * piece.length;
      expect(received.subarray(at, at + piece.length).equals(piece), `piece ${i}`).to.equal(true);
    }
    expect(received.subarray(prefix.length + LINE_BYTES).toString()).to.equal(end);
  });
});
