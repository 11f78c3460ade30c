import { spawnSync } from 'node:child_process';
import { closeSync, constants, open, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { fifoSink } from '../../lib/sinks/fifo-sink.js';
import type { SinkOptions } from '../../lib/sinks/sink.js';
import { addCleanup } from '../support/cleanup.js';
import { systemError } from '../support/fake-environment.js';
import { folder } from '../support/modules.js';
import { eventually, waitTurns, within } from '../support/waiting.js';

async function makeFifo(): Promise<string> {
  const path = join(await folder({}), 'fifo');
  spawnSync('mkfifo', [path]);
  return path;
}

const openToWrite = (path: string) => () =>
  promisify(open)(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_APPEND);

/** Opens a FIFO for reading; gives what is in it. */
function reader(path: string): () => string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  addCleanup(() => closeSync(fd));
  return () => {
    const bytes = Buffer.alloc(1000);
    return bytes.toString('latin1', 0, readSync(fd, bytes));
  };
}

function events(): [string[], SinkOptions] {
  const list: string[] = [];
  return [
    list,
    {
      onRetry: ({ message }) => list.push(`retry: ${message}`),
      onRecovered: () => list.push('recovered'),
    },
  ];
}

describe('fifoSink()', () => {
  it('keeps the first write until the FIFO has a reader', async () => {
    const path = await makeFifo();
    const [list, options] = events();
    const sink = fifoSink(openToWrite(path), options);
    let isDone = false;
    sink.write([Buffer.from('hello ')], () => {
      isDone = true;
    });
    await waitTurns();
    expect([isDone, sink.isRetrying, list]).to.deep.equal([false, true, ['retry: the FIFO has no reader']]);
    const read = reader(path);
    await eventually('the write to be done', () => isDone);
    expect([sink.isRetrying, list.at(-1)]).to.deep.equal([false, 'recovered']);
    await new Promise((resolve) => sink.write([Buffer.from('world')], resolve));
    await sink.end(Buffer.from('!'));
    expect(read()).to.equal('hello world!');
  });

  it('fails the waiting write, and each later one, if the FIFO cannot be opened', async () => {
    const errors = [systemError('ENXIO'), systemError('ENOENT')];
    const sink = fifoSink(() => Promise.reject(errors.shift()), {});
    const write = () => new Promise<unknown>((resolve) => sink.write([Buffer.from('x')], resolve));
    expect(await within(write(), 'a failed write')).to.include({ code: 'ENOENT' });
    expect(sink.isRetrying).to.equal(false);
    expect(await within(write(), 'a failed write')).to.include({ code: 'ENOENT' });
  });

  it('ends without a reader, and rejects if there were last bytes to write', async () => {
    const path = await makeFifo();
    await within(fifoSink(openToWrite(path), {}).end(), 'the end');
    const ended = fifoSink(openToWrite(path), {}).end(Buffer.from('closed\n'));
    expect(await ended.catch(({ message }: Error) => message)).to.equal('the FIFO has no reader');
  });

  it('closes the FIFO if it is opened after the sink was destroyed', async () => {
    const path = await makeFifo();
    const read = reader(path);
    let isOpen = false;
    const sink = fifoSink(async () => {
      const fd = await openToWrite(path)();
      isOpen = true;
      return fd;
    }, {});
    expect(await sink.destroy()).to.equal(0);
    await eventually('the FIFO to be opened', () => isOpen);
    // Read returns 0 bytes, and does not fail with EAGAIN, when no process has the FIFO open for writing.
    await eventually('the FIFO to be closed', () => {
      try {
        return read() === '';
      } catch {
        return false;
      }
    });
  });

  it('ignores a failure to open after the sink was destroyed', async () => {
    let reject: (error: Error) => void = () => {};
    const opening = new Promise<number>((_resolve, no) => {
      reject = no;
    });
    const sink = fifoSink(() => opening, {});
    await sink.destroy();
    reject(systemError('ENXIO'));
    await waitTurns();
  });
});
