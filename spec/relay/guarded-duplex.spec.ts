import { once } from 'node:events';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { expect } from 'chai';
import { GuardedDuplex } from '../../lib/relay/guarded-duplex.js';
import { DuplexSink } from '../../lib/sinks/duplex-sink.js';
import { nodeEnvironment } from '../../lib/util/environment.js';

const pieces = (count: number): Buffer[] => Array.from({ length: count }, (_, i) => Buffer.from(`${i} `));

describe('GuardedDuplex', () => {
  it('gives a Duplex one copy, which it may keep', async () => {
    const kept: Buffer[] = [];
    const keeper = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        kept.push(chunk);
        done();
      },
    });
    const lent = pieces(3);
    await new Promise((resolve) =>
      new DuplexSink(new GuardedDuplex(keeper, nodeEnvironment.clock)).send(lent, resolve),
    );
    for (const bytes of lent) bytes.fill('x');
    expect(kept.map(String).join('')).to.equal('0 1 2 ');
  });

  it('gives a copy to a subclass of Socket', async () => {
    class Other extends Socket {}
    const kept: Buffer[] = [];
    const other = Object.assign(new Other(), {
      write(bytes: Buffer, done: () => void) {
        kept.push(bytes);
        done();
      },
    });
    const lent = pieces(1);
    await new Promise((resolve) =>
      new DuplexSink(new GuardedDuplex(other, nodeEnvironment.clock)).send(lent, resolve),
    );
    lent[0]?.fill('x');
    expect(kept.map(String)).to.deep.equal(['0 ']);
    other.destroy();
  });

  it('fails with the error of a pause() that throws when it is not read', async () => {
    const inner = Object.assign(new Duplex({ read() {}, write() {} }), {
      pause() {
        throw new Error('no pause');
      },
    });
    const guarded = new GuardedDuplex(inner, nodeEnvironment.clock);
    const failed = once(guarded, 'error');
    guarded.read(0);
    inner.emit('data', Buffer.alloc(100_000));
    expect(((await failed) as [Error])[0].message).to.equal('no pause');
  });
});
