import { expect } from 'chai';
import { FileSink, type FileSinkOptions } from '../../lib/sinks/file-sink.js';
import { FakeDisk } from '../support/fake-disk.js';
import { FakeClock, systemError } from '../support/fake-environment.js';
import { waitTurns, within } from '../support/waiting.js';

function fileSink(options: Partial<FileSinkOptions> = {}) {
  const disk = new FakeDisk();
  const clock = new FakeClock();
  const fd = disk.open();
  const events: string[] = [];
  const sink = new FileSink({
    fd,
    ownsDescriptor: true,
    isRegularFile: true,
    clock,
    fs: disk,
    onRetry: ({ message }) => events.push(`retry ${message}`),
    onRecovered: () => events.push('recovered'),
    ...options,
  });
  const write = (...texts: string[]) =>
    new Promise<Error | null | undefined>((resolve) => {
      sink.write(
        texts.map((text) => Buffer.from(text)),
        resolve,
      );
    });
  return { sink, disk, clock, events, write, text: () => disk.content(fd).toString() };
}

describe('FileSink', () => {
  it('writes the rest after a short write', async () => {
    const { disk, write, text, events } = fileSink();
    disk.maxWriteBytes = 3;
    await within(write('hello ', 'world\n'), 'a write');
    expect(text()).to.equal('hello world\n');
    expect(events).to.deep.equal([]);
  });

  it('continues each second at the byte where the disk was full, and reports retry and recovery once', async () => {
    const { sink, disk, clock, write, text, events } = fileSink();
    disk.freeBytes = 4;
    const written = write('hello ', 'world\n');
    await waitTurns();
    expect([sink.isRetrying, text()]).to.deep.equal([true, 'hell']);
    disk.freeBytes = 3;
    clock.advance(999);
    await waitTurns();
    expect(text()).to.equal('hell');
    clock.advance(1);
    await waitTurns();
    expect([sink.isRetrying, text()]).to.deep.equal([true, 'hello w']);
    disk.freeBytes = 100;
    clock.advance(1000);
    expect(await within(written, 'a write')).to.equal(undefined);
    expect([sink.isRetrying, text()]).to.deep.equal([false, 'hello world\n']);
    expect(events).to.deep.equal(['retry ENOSPC: simulated', 'recovered']);
  });

  it('retries any error of a regular file, but of a device only a full disk', async () => {
    const file = fileSink();
    file.disk.errors.push(systemError('EIO'));
    const written = file.write('x');
    await waitTurns();
    file.clock.advance(1000);
    await within(written, 'a write');
    expect(file.text()).to.equal('x');
    const device = fileSink({ isRegularFile: false });
    device.disk.errors.push(systemError('ENOSPC'), systemError('EIO'));
    const failed = device.write('x');
    await waitTurns();
    device.clock.advance(1000);
    expect(await within(failed, 'a failed write')).to.include({ code: 'EIO' });
    expect(device.events).to.deep.equal(['retry ENOSPC: simulated']);
  });

  it('retries a stopped terminal after 20 ms, without a report', async () => {
    const { disk, clock, write, text, events } = fileSink({ isRegularFile: false });
    disk.errors.push(systemError('EAGAIN'));
    const written = write('x');
    await waitTurns();
    clock.advance(20);
    await within(written, 'a write');
    expect(text()).to.equal('x');
    expect(events).to.deep.equal([]);
  });

  it('tells how much of a write was there when it was destroyed, and never answers that write', async () => {
    const { sink, disk, clock, write, text } = fileSink();
    disk.freeBytes = 4;
    let isAnswered = false;
    void write('hello').then(() => {
      isAnswered = true;
    });
    await waitTurns();
    expect(await sink.destroy()).to.equal(4);
    expect(await sink.destroy()).to.equal(4);
    disk.freeBytes = 100;
    clock.advance(1000);
    await waitTurns();
    expect([isAnswered, text(), disk.closed]).to.deep.equal([false, 'hell', [0]]);
  });

  it('closes its descriptor only when the write in the kernel is over', async () => {
    const { sink, disk, write } = fileSink();
    let open = (): void => {};
    disk.gate = new Promise((resolve) => {
      open = resolve;
    });
    void write('hello');
    const destroyed = sink.destroy();
    await waitTurns();
    expect(disk.closed).to.deep.equal([]);
    open();
    expect(await within(destroyed, 'the end')).to.equal(5);
    expect(disk.closed).to.deep.equal([0]);
  });

  it('does not retry, nor report, a write that fails while it is destroyed', async () => {
    const { sink, disk, write, events } = fileSink();
    disk.errors.push(systemError('EIO'));
    void write('hello');
    expect(await within(sink.destroy(), 'the end')).to.equal(0);
    expect(events).to.deep.equal([]);
  });

  it('leaves open a descriptor that it does not own', async () => {
    const { sink, disk } = fileSink({ ownsDescriptor: false });
    await sink.end();
    expect(disk.closed).to.deep.equal([]);
  });

  it('writes the last bytes before it closes, and does not retry them', async () => {
    const ended = fileSink();
    ended.disk.maxWriteBytes = 2;
    await within(ended.sink.end(Buffer.from('last\n')), 'the end');
    expect([ended.text(), ended.disk.closed]).to.deep.equal(['last\n', [0]]);
    const full = fileSink();
    full.disk.freeBytes = 2;
    const failure = await within(
      full.sink.end(Buffer.from('last\n')).catch((error: Error) => error),
      'the end',
    );
    expect(failure).to.include({ code: 'ENOSPC' });
    expect([full.text(), full.disk.closed, full.events]).to.deep.equal(['la', [0], []]);
  });
});
