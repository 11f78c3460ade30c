import { expect } from 'chai';
import { toLatin1 } from '../../../lib/protocol/message.js';
import type { LogEvent } from '../../../lib/room/event-log.js';
import { decodeRecord, encodeRecord, InvalidRecordError } from '../../../lib/room/shared/record.js';

describe('encodeRecord() and decodeRecord()', () => {
  it('keep each kind of event', () => {
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
    const record = encodeRecord({ instanceId: 'e', number: 5, events });
    const decoded = decodeRecord(record);
    const withStrings = decoded.events.map((event) =>
      'bytes' in event ? { ...event, bytes: toLatin1(event.bytes) } : event,
    );
    expect({ ...decoded, events: withStrings }).to.deep.equal({ instanceId: 'e', number: 5, events });
  });

  it('give the same record for lines as Buffers, and read them without a copy', () => {
    const bytes = Buffer.from('a\n\xff', 'latin1');
    const record = encodeRecord({
      instanceId: 'e',
      number: 5,
      events: [{ kind: 'lines', client: 2, bytes }],
    });
    const events: LogEvent[] = [{ kind: 'lines', client: 2, bytes: 'a\n\xff' }];
    expect(record).to.deep.equal(encodeRecord({ instanceId: 'e', number: 5, events }));
    const [event] = decodeRecord(record).events;
    const read = event?.kind === 'lines' ? event.bytes : '';
    expect(read).to.deep.equal(bytes);
    expect((read as Buffer).buffer).to.equal(record.buffer);
  });

  // Relays of different versions share rooms: these bytes must not change.
  it('have a fixed format', () => {
    const events: LogEvent[] = [
      { kind: 'connected', token: 7, silent: true },
      { kind: 'joined', client: 1 },
      { kind: 'lines', client: 2, bytes: 'a\nb' },
      { kind: 'part', client: 2, bytes: '\xff' },
      { kind: 'left', client: 2, silent: true },
      { kind: 'down', instanceId: 'x' },
    ];
    expect(encodeRecord({ instanceId: 'e', number: 5, events }).toString('latin1')).to.equal(
      '{"v":1,"epoch":"e","n":5,"events":[["arrived",7,"silent"],["joined",1],["lines",2,3],["part",2,1],' +
        '["left",2,"silent"],["down","x"]]}\na\nb\xff',
    );
  });

  it('reject bytes that are not a record, and say why', () => {
    const record = encodeRecord({
      instanceId: 'e',
      number: 0,
      events: [{ kind: 'lines', client: 0, bytes: 'abc' }],
    });
    for (const [bytes, reason] of [
      ['', 'its first line is not JSON'],
      ['hello', 'its first line is not JSON'],
      ['{}', 'its first line is not JSON'],
      ['null\n', 'expected version 1, got undefined'],
      ['"text"\n', 'expected version 1, got undefined'],
      ['\xff\0\n', 'its first line is not JSON'],
      [`{"v":"${'x'.repeat(5000)}"}\n`, 'expected version 1, got '],
      ['{"v":1,"epoch":"","n":0,"events":[]}\n', 'expected "epoch", "n" and "events"'],
      [`{"v":1,"epoch":"${'x'.repeat(49)}","n":0,"events":[]}\n`, 'expected "epoch", "n" and "events"'],
      ['{"v":1,"epoch":"e","n":-1,"events":[]}\n', 'expected "epoch", "n" and "events"'],
      ['{"v":1,"epoch":"e","n":1e300,"events":[]}\n', 'expected "epoch", "n" and "events"'],
      ['{"v":1,"epoch":"e","n":0,"events":[5]}\n', 'unknown event 5'],
      ['{"v":1,"epoch":"e","n":0,"events":[null]}\n', 'unknown event null'],
      [`{"v":1,"epoch":"e","n":0,"events":[${'['.repeat(50_000)}${']'.repeat(50_000)}]}\n`, 'unknown event '],
      ['{"v":1,"epoch":"e","n":0,"events":[["down",{"toString":1}]]}\n', 'unknown event '],
      ['{"v":2,"epoch":"e","n":0,"events":[]}\n', 'expected version 1, got 2'],
      ['{"v":1,"epoch":"e","n":0}\n', 'expected "epoch", "n" and "events"'],
      ['{"v":1,"epoch":"e","n":0.5,"events":[]}\n', 'expected "epoch", "n" and "events"'],
      ['{"v":1,"epoch":"e","n":0,"events":[["said",0,3]]}\nabc', "unknown event [ 'said', 0, 3 ]"],
      ['{"v":1,"epoch":"e","n":0,"events":[["left","me"]]}\n', "unknown event [ 'left', 'me' ]"],
      ['{"v":1,"epoch":"e","n":0,"events":[["lines",0,-2]]}\n', "unknown event [ 'lines', 0, -2 ]"],
      [record.subarray(0, -1), 'its events describe 54 bytes, but it has 53'],
      [Buffer.concat([record, Buffer.from('d')]), 'its events describe 54 bytes, but it has 55'],
    ] as const) {
      const { message } = errorOf(Buffer.from(bytes));
      expect(message.slice(0, reason.length)).to.equal(reason);
      expect(message.length).to.be.below(200);
    }
  });

  it('tell a later version of the format from bytes of another program', () => {
    expect(errorOf('{"v":2,"more":true}\n').laterVersion).to.equal(2);
    for (const v of ['0', '-1', '1.5', '"2"', 'null', '1e300']) {
      expect(errorOf(`{"v":${v}}\n`).laterVersion, v).to.equal(undefined);
    }
  });
});

function errorOf(bytes: string | Buffer): InvalidRecordError {
  try {
    decodeRecord(Buffer.from(bytes as string));
  } catch (error) {
    if (error instanceof InvalidRecordError) return error;
    throw error;
  }
  throw new Error('the bytes are a record');
}
