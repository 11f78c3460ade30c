import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { expect } from 'chai';
import { openDescriptor } from '../../lib/sinks/descriptor-sink.js';
import { FileSink } from '../../lib/sinks/file-sink.js';
import { addCleanup } from '../support/cleanup.js';
import { within } from '../support/waiting.js';

function device(path: string): number {
  const fd = openSync(path, 'w');
  addCleanup(() => closeSync(fd));
  return fd;
}

describe('openDescriptor()', () => {
  it('discards what is written to /dev/null without a system call', async () => {
    const { sink, isTerminal } = await openDescriptor(device('/dev/null'));
    expect(sink).not.to.be.instanceOf(FileSink);
    expect(isTerminal).to.equal(false);
    const error = await within(new Promise((resolve) => sink.write([Buffer.from('x')], resolve)), 'a write');
    expect(error).to.equal(undefined);
    await within(sink.end(), 'its end');
    expect(await sink.destroy()).to.equal(0);
  });

  it('answers a write to /dev/null asynchronously', async () => {
    const { sink } = await openDescriptor(device('/dev/null'));
    let isDone = false;
    const written = new Promise<void>((resolve) => {
      sink.write([Buffer.from('x')], () => {
        isDone = true;
        resolve();
      });
    });
    expect(isDone).to.equal(false);
    await within(written, 'a write');
  });

  it('writes another device as a file', async () => {
    const { sink } = await openDescriptor(device('/dev/zero'));
    expect(sink).to.be.instanceOf(FileSink);
    await sink.destroy();
  });

  it('rejects a descriptor that is not open', async () => {
    const fd = openSync('/dev/null', 'w');
    closeSync(fd);
    expect(await openDescriptor(fd).catch(({ code }) => code)).to.equal('EBADF');
  });

  for (const [fd, name] of [
    [1, 'stdout'],
    [2, 'stderr'],
  ] as const) {
    it(`leaves process.${name} usable while its pipe is not read`, async () => {
      const module = new URL('../../lib/sinks/descriptor-sink.js', import.meta.url);
      const script = `
        const { openDescriptor } = await import(${JSON.stringify(module.href)});
        const { sink } = await openDescriptor(${fd});
        sink.write([Buffer.alloc(4_000_000)], () => {});
        setImmediate(() => {
          try {
            process.${name};
            process.exit(0);
          } catch {
            process.exit(5);
          }
        });`;
      const args = ['--input-type=module', '-e', script];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
      addCleanup(() => void child.kill('SIGKILL'));
      const [code] = await within(once(child, 'exit'), 'the end of the program');
      expect(code).to.equal(0);
    });
  }
});
