import { expect } from 'chai';
import fc from 'fast-check';
import type { LogEvent } from '../../../lib/room/event-log.js';
import { decodeRecord, encodeRecord, Queue } from '../../../lib/room/shared/record.js';

const bytes = fc
  .array(fc.constantFrom('\n', 'a', '\0', '\xff', '\r'), { maxLength: 300 })
  .map((all) => all.join(''));

describe('a record of a shared log', () => {
  it('comes back as it was', () => {
    const events: LogEvent[] = [
      { kind: 'connected', token: 7, silent: true },
      { kind: 'connected', token: 8, silent: false },
      { kind: 'joined', client: 1, silent: false },
      { kind: 'lines', client: 2, bytes: 'a\n\xff\0\r' },
      { kind: 'part', client: 3, bytes: '{"v":1}\n' },
      { kind: 'lines', client: 3, bytes: '' },
      { kind: 'left', client: 2, silent: true },
      { kind: 'down', instanceId: 'x' },
    ];
    const record = encodeRecord({ instanceId: 'e', n: 5, events });
    expect(decodeRecord(record)).to.deep.equal({ instanceId: 'e', n: 5, events });
    expect(record.toString('latin1')).to.match(
      /^\{"v":1,"epoch":"e","n":5,"events":\[\["arrived",7,"silent"\]/,
    );
  });

  it('is known from what is none', () => {
    const good = encodeRecord({
      instanceId: 'e',
      n: 0,
      events: [{ kind: 'lines', client: 0, bytes: 'abc' }],
    });
    for (const bad of [
      Buffer.alloc(0),
      Buffer.from('hello'),
      Buffer.from('{"v":2,"epoch":"e","n":0,"events":[]}\n'),
      Buffer.from('{"v":1,"epoch":"e","n":0}\n'),
      Buffer.from('{"v":1,"epoch":"e","n":0.5,"events":[]}\n'),
      Buffer.from('{"v":1,"epoch":"e","n":0,"events":[["said",0,3]]}\nabc'),
      Buffer.from('{"v":1,"epoch":"e","n":0,"events":[["left","me"]]}\n'),
      Buffer.from('{"v":1,"epoch":"e","n":0,"events":[["lines",0,2],["lines",0,-2]]}\n'),
      good.subarray(0, -1),
      Buffer.concat([good, Buffer.from('d')]),
    ]) {
      expect(() => decodeRecord(bad), bad.toString('latin1')).to.throw();
    }
  });

  it('holds no more than it may, however long lines are, and no line is divided that fits into one', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 20 }), fc.integer({ min: 260, max: 600 }), (said, most) => {
        const queue = new Queue();
        for (const [client, text] of said.entries()) queue.push({ kind: 'lines', client, bytes: text });
        const whole = new Map<number, string>();
        let open: number | undefined;
        while (!queue.isEmpty) {
          const events = queue.take(most);
          expect(events).not.to.have.length(0);
          expect(encodeRecord({ instanceId: 'sixteen chars ..', n: 1e9, events }).length).to.be.at.most(most);
          for (const event of events) {
            if (event.kind !== 'lines' && event.kind !== 'part') throw new Error('what is that?');
            const { client, kind } = event;
            if (open !== undefined) expect(client).to.equal(open);
            const before = whole.get(client);
            const glue = before === undefined || open === client ? '' : '\n';
            whole.set(client, (before ?? '') + glue + event.bytes);
            open = kind === 'part' ? client : undefined;
            if (kind === 'part') expect(event.bytes).not.to.include('\n');
          }
        }
        expect(queue.bytes).to.equal(0);
        expect([...whole]).to.deep.equal([...said.entries()]);
      }),
      { numRuns: 300 },
    );
  });
});
