import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { Msg } from '@nats-io/transport-node';
import { expect } from 'chai';
import { StreamTail } from '../../../lib/room/nats/stream-tail.js';
import { findStream, namesOf } from '../../../lib/room/nats/streams.js';

const STREAM_NOT_FOUND = 10059;

/** A stream as an array of message ids; the first one has sequence 1. */
function createStream(ids: string[]) {
  const stream = { ids, created: 'monday', first: 1, exists: true };
  const headers = (id: string) => ({ get: () => id });
  const jsm = {
    streams: {
      info: async () => {
        if (!stream.exists) throw Object.assign(new Error('stream not found'), { code: STREAM_NOT_FOUND });
        const state = { first_seq: stream.first, last_seq: stream.ids.length };
        return { created: stream.created, state };
      },
      getMessage: async (_name: string, { seq }: { seq: number }) => {
        const id = stream.ids[seq - 1];
        return id === undefined ? null : { header: headers(id) };
      },
    },
  } as unknown as JetStreamManager;
  const jetstream = {
    publish: async (
      _subject: string,
      _bytes: Uint8Array,
      { msgID, expect: { lastSequence } }: { msgID: string; expect: { lastSequence: number } },
    ) => {
      if (lastSequence !== stream.ids.length) throw new Error('wrong last sequence');
      stream.ids.push(msgID);
    },
  } as unknown as JetStreamClient;
  const tail = new StreamTail({
    jetstream,
    jsm,
    names: namesOf('lobby'),
    created: 'monday',
    lastSequence: 0,
  });
  const verify = async () => tail.verify(await findStream(jsm, namesOf('lobby').recordStream));
  const read = (): void => {
    for (const [i, id] of ids.entries()) {
      tail.push(i + 1, { headers: headers(id), data: Buffer.from(id) } as unknown as Msg);
    }
  };
  return { stream, verify, read };
}

describe('StreamTail', () => {
  it('accepts a stream that still has the records that were read', async () => {
    const { stream, verify, read } = createStream(['a:0', 'a:1']);
    expect(await verify(), 'nothing read').to.equal(undefined);
    read();
    expect(await verify()).to.equal(undefined);
    stream.ids.push('a:2');
    expect(await verify(), 'a new record').to.equal(undefined);
    stream.first = 3;
    expect(await verify(), 'old records deleted').to.equal(undefined);
  });

  it('restores lost records at their old sequence', async () => {
    const ids = Array.from({ length: 20 }, (_, i) => `a:${i}`);
    const { stream, verify, read } = createStream(ids);
    read();
    stream.ids = ids.slice(0, 4);
    expect(await verify()).to.equal(undefined);
    expect(stream.ids).to.deep.equal(ids);
  });

  it('rejects a stream that has lost more records than the last 16', async () => {
    const ids = Array.from({ length: 20 }, (_, i) => `a:${i}`);
    const { stream, verify, read } = createStream(ids);
    read();
    stream.ids = ids.slice(0, 3);
    expect(await verify()).to.deep.equal({
      reason: 'the engine has lost records: the room ends at 3, and was read up to 20',
      isMissing: false,
    });
  });

  it('rejects a stream that has stored another record instead of a lost one', async () => {
    const { stream, verify, read } = createStream(['a:0', 'a:1']);
    read();
    stream.ids = ['a:0', 'b:0'];
    expect(await verify()).to.deep.equal({
      reason: 'the engine has lost records: it has stored another one as 2',
      isMissing: false,
    });
  });

  it('rejects a stream that was deleted, or created again', async () => {
    const { stream, verify } = createStream(['a:0']);
    stream.created = 'tuesday';
    expect((await verify())?.reason).to.equal('the stream MINISERV-ROOM_lobby of the room was created again');
    stream.exists = false;
    expect(await verify()).to.deep.equal({
      reason: 'the stream MINISERV-ROOM_lobby of the room is missing',
      isMissing: true,
    });
  });
});
