import type { JetStreamManager } from '@nats-io/jetstream';
import { headers as createHeaders, type MsgHdrs } from '@nats-io/transport-node';
import { expect } from 'chai';
import { loadLatestSnapshot, loadSnapshotAt, saveInParts } from '../../../lib/room/nats/snapshot-store.js';

interface Message {
  readonly id?: string;
  readonly data: Uint8Array;
  readonly header: MsgHdrs;
}

/** A stream as an array; the first message has sequence 1. */
function createStream() {
  const messages: Message[] = [];
  const jsm = {
    streams: {
      info: async () => ({ state: { first_seq: 1, last_seq: messages.length } }),
      getMessage: async (_name: string, { seq }: { seq: number }) => messages[seq - 1] ?? null,
    },
  } as unknown as JetStreamManager;
  const save = (snapshot: Uint8Array, maxPartBytes: number): Promise<void> =>
    saveInParts({
      snapshot,
      id: 'id',
      maxPartBytes,
      createHeaders,
      store: async (id, data, header) => messages.push({ id, data, header }),
    });
  const push = (data: string, fields: Record<string, string> = {}): void => {
    const header = createHeaders();
    for (const [name, value] of Object.entries(fields)) header.set(name, value);
    messages.push({ data: Buffer.from(data), header });
  };
  const load = async (sequence: number): Promise<string | undefined> => {
    const bytes = await loadSnapshotAt(jsm, 'stream', sequence);
    return bytes === undefined ? undefined : Buffer.from(bytes).toString();
  };
  return { messages, jsm, save, push, load };
}

describe('saveInParts() and loadSnapshotAt()', () => {
  it('store a snapshot as one message if it fits, under the same id on each relay', async () => {
    const { messages, save, load } = createStream();
    for (const text of ['', 'x', 'x'.repeat(100)]) await save(Buffer.from(text), 100);
    expect(messages.map(({ id, header }) => [id, header.keys().length])).to.deep.equal(
      Array(3).fill(['id', 0]),
    );
    expect(await load(3)).to.equal('x'.repeat(100));
    expect(await load(4)).to.equal(undefined);
  });

  it('store a larger one in parts, also while other messages are stored', async () => {
    const { messages, save, push, load } = createStream();
    const text = Array.from({ length: 100 }, (_, i) => `${i},`).join('');
    const saving = save(Buffer.from(text), 50);
    for (let i = 0; i < 3; i++) {
      push('something else');
      await Promise.resolve();
    }
    await saving;
    expect(await load(messages.length)).to.equal(text);
    const found: (string | undefined)[] = [];
    for (let sequence = 1; sequence < messages.length; sequence++) found.push(await load(sequence));
    expect(new Set(found), 'no other part is a snapshot').to.deep.equal(
      new Set([undefined, 'something else']),
    );
    const ids = messages.flatMap(({ id }) => (id === undefined ? [] : [id]));
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it('reject a snapshot that takes too many messages', async () => {
    const { save } = createStream();
    let error: unknown;
    await save(Buffer.alloc(10_001), 1).catch((reason: unknown) => {
      error = reason;
    });
    expect(error).to.include({ message: 'the snapshot is too large' });
  });

  it('ignore chains that are not those of a snapshot', async () => {
    const { push, load, messages } = createStream();
    push('start');
    for (const previous of ['1', '2', '9', '-1', 'x', '1e300'])
      push('end', { 'Mini-Serv-Previous': previous });
    push('more', { 'Mini-Serv-More': '1' });
    push('end', { 'Mini-Serv-Previous': '8' });
    const invalid = Object.defineProperty({ data: Buffer.from('odd') }, 'header', {
      get: () => {
        throw new Error('invalid header');
      },
    });
    messages.push(invalid as unknown as Message);
    const found = [];
    for (let sequence = 1; sequence <= messages.length; sequence++) found.push(await load(sequence));
    expect(found).to.deep.equal(['start', ...Array(7).fill(undefined), 'moreend', 'odd']);
  });

  it('load the latest valid snapshot', async () => {
    const { jsm, push } = createStream();
    const isValid = (bytes: Uint8Array): boolean => Buffer.from(bytes).toString().startsWith('valid');
    expect(await loadLatestSnapshot(jsm, 'stream', isValid)).to.equal(undefined);
    for (const text of ['valid 1', 'valid 2', 'junk', '']) push(text);
    const latest = await loadLatestSnapshot(jsm, 'stream', isValid);
    expect(Buffer.from(latest ?? '').toString()).to.equal('valid 2');
  });
});
