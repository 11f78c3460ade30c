import { expect } from 'chai';
import { Transcript } from '../../lib/transcript/transcript.js';
import { join, room } from '../support/room.js';
import { within } from '../support/waiting.js';

describe('transcript writer', () => {
  it('says once that the end is missing, also where the write that was given up then fails', async () => {
    const relay = room();
    const warnings: string[] = [];
    relay.on('warning', ({ message }) => warnings.push(message));
    let cancel = (): void => {};
    const transcript = new Transcript({
      relay,
      name: 'standard output',
      format: 'wire',
      opened: {
        sink: {
          maxBytes: undefined,
          write(_chunks, done) {
            cancel = () => done(new Error('write ECANCELED'));
          },
          end: () => new Promise(() => {}),
          destroy: () => cancel(),
        },
      },
    });
    const member = await join(relay);
    member.send('never written\n');
    await within(relay.close(0), 'the end of the relay');
    await within(transcript.closed, 'the end of the transcript');
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.match(/^standard output is not whole: the last \d+ bytes/);
  });
});
