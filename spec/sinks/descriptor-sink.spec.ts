import { closeSync, openSync } from 'node:fs';
import { expect } from 'chai';
import { openDescriptor } from '../../lib/sinks/descriptor-sink.js';
import { FileSink } from '../../lib/sinks/file-sink.js';
import { afterwards } from '../support/cleanup.js';
import { within } from '../support/waiting.js';

function device(path: string): number {
  const fd = openSync(path, 'w');
  afterwards(() => closeSync(fd));
  return fd;
}

describe('a descriptor as a sink', () => {
  it('that is /dev/null takes all it is given without a call to the system', async () => {
    const { sink, file, terminal } = await openDescriptor(device('/dev/null'));
    expect(sink).not.to.be.instanceOf(FileSink);
    expect([file, terminal]).to.deep.equal([undefined, false]);
    const error = await within(new Promise((resolve) => sink.write([Buffer.from('x')], resolve)), 'a write');
    expect(error).to.equal(undefined);
    await within(sink.end(), 'its end');
  });

  it('that is /dev/null is not done before it has been asked, so that many writes do not recurse', async () => {
    const { sink } = await openDescriptor(device('/dev/null'));
    let done = false;
    const written = new Promise<void>((resolve) => {
      sink.write([Buffer.from('x')], () => {
        done = true;
        resolve();
      });
    });
    expect(done).to.equal(false);
    await within(written, 'a write');
  });

  it('that is another device is written like a file', async () => {
    const { sink } = await openDescriptor(device('/dev/zero'));
    expect(sink).to.be.instanceOf(FileSink);
    sink.destroy();
  });
});
