import { expect } from 'chai';
import fc from 'fast-check';
import { toLatin1 } from '../../../lib/protocol/message.js';
import type { LogEvent } from '../../../lib/room/event-log.js';
import { EventQueue } from '../../../lib/room/shared/event-queue.js';
import { encodeRecord } from '../../../lib/room/shared/record.js';
import { checkProperty } from '../../support/property.js';

const text = fc
  .array(fc.constantFrom('\n', 'a', '\0', '\xff', '\r'), { maxLength: 300 })
  .map((characters) => characters.join(''));

describe('EventQueue', () => {
  it('fills records up to the size limit, and splits only lines that are longer than a record', async () => {
    const texts = fc.array(text, { maxLength: 20 });
    await checkProperty(
      'room/shared/event-queue',
      300,
      fc.property(texts, fc.integer({ min: 260, max: 600 }), (blocks, maxBytes) => {
        const queue = new EventQueue();
        for (const [client, bytes] of blocks.entries()) queue.push({ kind: 'lines', client, bytes });
        const batches = takeAll(queue, maxBytes);
        expect(queue.bytes).to.equal(0);
        for (const events of batches) {
          const record = encodeRecord({ instanceId: 'sixteen chars ..', number: 1e9, events });
          expect(record.length).to.be.at.most(maxBytes);
        }
        expect(join(batches.flat())).to.deep.equal(blocks);
      }),
    );
  });

  it('takes events in order when many are waiting', () => {
    const queue = new EventQueue();
    for (let token = 0; token < 5000; token++) queue.push({ kind: 'connected', token });
    const tokens = takeAll(queue, 1024)
      .flat()
      .map((event) => (event.kind === 'connected' ? event.token : undefined));
    expect(tokens).to.deep.equal(Array.from({ length: 5000 }, (_, token) => token));
  });

  it('drops what a record contains, whatever size limit it was cut to', async () => {
    const texts = fc.array(text, { minLength: 1, maxLength: 20 });
    const limit = fc.integer({ min: 256, max: 600 });
    await checkProperty(
      'room/shared/event-queue',
      300,
      fc.property(texts, fc.array(limit, { minLength: 1 }), limit, (blocks, limits, other) => {
        const queue = new EventQueue();
        for (const [client, bytes] of blocks.entries()) queue.push({ kind: 'lines', client, bytes });
        const stored: LogEvent[] = [];
        for (const maxBytes of limits) {
          const events = queue.peek(maxBytes);
          if (queue.drop(events)) stored.push(...events);
        }
        expect(join([...stored, ...takeAll(queue, other).flat()])).to.deep.equal(blocks);
        expect(queue.bytes).to.equal(0);
      }),
    );
  });

  it('drops nothing for a record that is not the start of the waiting events', () => {
    const queue = new EventQueue();
    queue.push({ kind: 'lines', client: 1, bytes: 'one\ntwo' });
    queue.push({ kind: 'left', client: 1 });
    const { bytes } = queue;
    const line = (client: number, text: string): LogEvent => ({ kind: 'lines', client, bytes: text });
    const left: LogEvent = { kind: 'left', client: 1 };
    const forged: LogEvent[][] = [
      [left],
      [line(2, 'one')],
      [line(1, 'on')],
      [{ kind: 'part', client: 1, bytes: 'longer than all of it' }],
      [line(1, 'one'), left],
      [line(1, 'one\ntwo'), left, left],
    ];
    for (const events of forged) expect(queue.drop(events)).to.equal(false);
    expect(queue.bytes).to.equal(bytes);
  });
});

/** Takes all events. The limit of each record is the next one of `limits`, in turn. */
function takeAll(queue: EventQueue, ...limits: number[]): LogEvent[][] {
  const batches: LogEvent[][] = [];
  while (!queue.isEmpty) {
    const events = queue.peek(limits[batches.length % limits.length] as number);
    expect(events).not.to.have.length(0);
    expect(queue.drop(events)).to.equal(true);
    batches.push(events);
  }
  return batches;
}

/** Joins split lines again, by client. Fails if a line has a part with a newline, or another event between its parts. */
function join(events: readonly LogEvent[]): string[] {
  const blocks: string[] = [];
  let unfinished: number | undefined;
  for (const event of events) {
    if (event.kind !== 'lines' && event.kind !== 'part') throw new Error(`unexpected event ${event.kind}`);
    const { client, kind, bytes } = event;
    if (unfinished !== undefined) expect(client).to.equal(unfinished);
    const before = blocks[client];
    const separator = before === undefined || unfinished === client ? '' : '\n';
    blocks[client] = `${before ?? ''}${separator}${toLatin1(bytes)}`;
    unfinished = kind === 'part' ? client : undefined;
    if (kind === 'part') expect(bytes).not.to.include('\n');
  }
  return blocks;
}
