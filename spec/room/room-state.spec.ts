import { expect } from 'chai';
import fc from 'fast-check';
import type { LogEvent, RoomStateReader } from '../../lib/room/event-log.js';
import { type LogRecord, RoomState } from '../../lib/room/room-state.js';

/** What a reader was told, an entry each. */
function listener(): RoomStateReader & { readonly heard: string[] } {
  const heard: string[] = [];
  return {
    heard,
    onIdAssigned: (token, client) => heard.push(`given ${token} ${client}`),
    onJoined: (client, silent, first) => heard.push(`arrived ${client} ${silent} ${first}`),
    onLines: (client, bytes) => heard.push(`${client}: ${bytes}`),
    onLeft: (client, silent) => heard.push(`left ${client} ${silent}`),
  };
}

const arrived: LogEvent = { kind: 'connected', token: 0 };
const lines = (client: number, bytes: string): LogEvent => ({ kind: 'lines', client, bytes });
const part = (client: number, bytes: string): LogEvent => ({ kind: 'part', client, bytes });
const down = (instanceId: string): LogEvent => ({ kind: 'down', instanceId });

function fold(
  records: readonly (readonly [epoch: string, n: number, ...events: LogEvent[]])[],
  own = '',
): string[] {
  const all = new RoomState();
  const reader = listener();
  for (const [i, [epoch, n, ...events]] of records.entries())
    all.apply({ instanceId: epoch, n, events }, reader, own, i + 1);
  return reader.heard;
}

describe('the fold of a log', () => {
  it('counts arrivals, of whichever relay, and tells only one’s own whose they are', () => {
    expect(
      fold(
        [
          ['a', 0, arrived],
          ['b', 0, arrived, arrived],
          ['a', 1, arrived],
        ],
        'a',
      ),
    ).to.deep.equal([
      'given 0 0',
      'arrived 0 false true',
      'arrived 1 false true',
      'arrived 2 false true',
      'given 0 3',
      'arrived 3 false true',
    ]);
  });

  it('drops a record that comes again, however late, and one of a run that is unknown and has begun before', () => {
    const record = ['a', 1, lines(0, 'once')] as const;
    const heard = fold([
      ['a', 0, arrived],
      record,
      ['b', 0, arrived],
      record,
      ['a', 0, arrived],
      ['c', 1, arrived],
    ]);
    expect(heard).to.deep.equal(['arrived 0 false true', '0: once', 'arrived 1 false true']);
  });

  it('lets the clients of a run that is down leave in the order of their ids, once, and drops what comes of it later', () => {
    const heard = fold([
      ['a', 0, arrived, { kind: 'connected', token: 1, silent: true }, arrived],
      ['b', 0, arrived, down('a'), lines(3, 'on')],
      ['c', 0, down('a'), down('nobody')],
      ['a', 1, lines(0, 'zombie'), arrived],
      ['a', 0, arrived],
    ]);
    expect(heard.slice(3)).to.deep.equal(['left 0 false', 'left 1 true', 'left 2 false', '3: on']);
    expect(heard).to.have.length(7);
  });

  it('takes nobody’s word for another relay’s client, nor for one that has left', () => {
    const heard = fold([
      ['a', 0, arrived],
      ['b', 0, lines(0, 'forged'), { kind: 'left', client: 0 }, { kind: 'joined', client: 0 }],
      ['a', 1, { kind: 'left', client: 0 }, lines(0, 'late'), { kind: 'left', client: 0 }],
    ]);
    expect(heard).to.deep.equal(['arrived 0 false true', 'left 0 false']);
  });

  it('says a line that goes over several records when its end is there, with what came between before it', () => {
    const heard = fold([
      ['a', 0, arrived],
      ['b', 0, arrived],
      ['a', 1, part(0, 'be')],
      ['b', 1, lines(1, 'between')],
      ['a', 2, part(0, 'gin')],
      ['a', 2, part(0, 'gin')],
      ['a', 3, lines(0, 'ning\nnext')],
      ['a', 4, part(0, 'never ended'), { kind: 'left', client: 0 }],
    ]);
    expect(heard.slice(2)).to.deep.equal(['1: between', '0: beginning\nnext', 'left 0 false']);
  });

  it('tells how many records are missing', () => {
    const all = new RoomState();
    const reader = listener();
    const record = (n: number): LogRecord => ({ instanceId: 'a', n, events: [] });
    expect([0, 1, 4, 3, 5].map((n) => all.apply(record(n), reader, ''))).to.deep.equal([0, 0, 2, 0, 0]);
  });

  it('forgets runs that ended long ago, and what comes of them stays dropped', () => {
    const all = new RoomState();
    const reader = listener();
    for (let i = 0; i < 1200; i++) {
      all.apply({ instanceId: `run ${i}`, n: 0, events: [arrived, down(`run ${i}`)] }, reader, '');
    }
    expect(all.save().dead).to.have.length(1000);
    const { length } = reader.heard;
    for (const epoch of ['run 0', 'run 1199'])
      all.apply({ instanceId: epoch, n: 1, events: [arrived] }, reader, '');
    expect(reader.heard).to.have.length(length);
  });

  const event: fc.Arbitrary<LogEvent> = fc.oneof(
    fc.record({ kind: fc.constant('connected' as const), token: fc.nat(9), silent: fc.boolean() }),
    fc.record({ kind: fc.constant('joined' as const), client: fc.nat(9), silent: fc.boolean() }),
    fc.record({ kind: fc.constant('lines' as const), client: fc.nat(9), bytes: fc.string() }),
    fc.record({ kind: fc.constant('part' as const), client: fc.nat(9), bytes: fc.string() }),
    fc.record({ kind: fc.constant('left' as const), client: fc.nat(9), silent: fc.boolean() }),
    fc.record({ kind: fc.constant('down' as const), instanceId: fc.constantFrom('a', 'b', 'c', 'd') }),
  );
  const record = fc.record({
    epoch: fc.constantFrom('a', 'b', 'c', 'd'),
    events: fc.array(event, { maxLength: 4 }),
    /** 0: the next of its relay; 1: the last once more. */
    again: fc.constantFrom(0, 0, 0, 1),
  });

  it('goes on from what was kept of it as if it had read all, wherever that was', () => {
    fc.assert(
      fc.property(fc.array(record, { size: 'max', maxLength: 60 }), fc.nat(60), (chosen, at) => {
        const counts = new Map<string, number>();
        const records = chosen.map(({ epoch, events, again }): LogRecord => {
          const n = (counts.get(epoch) ?? -1) + 1 - again;
          counts.set(epoch, Math.max(0, n));
          return { instanceId: epoch, n: Math.max(0, n), events };
        });
        const kept = Math.min(at, records.length);
        const whole = new RoomState();
        const before = listener();
        const after = listener();
        for (const [i, one] of records.slice(0, kept).entries()) whole.apply(one, before, 'a', i + 1);
        const restored = RoomState.from(JSON.parse(JSON.stringify(whole.save())));
        for (let place = restored.oldest ?? kept + 1; place <= kept; place++) {
          restored.again(records[place - 1] as LogRecord, place);
        }
        const reader = listener();
        for (const [i, one] of records.slice(kept).entries()) {
          whole.apply(one, after, 'a', kept + i + 1);
          restored.apply(one, reader, 'a', kept + i + 1);
        }
        expect(reader.heard).to.deep.equal(after.heard);
        expect(restored.save()).to.deep.equal(whole.save());
      }),
      { numRuns: 500 },
    );
  });
});
