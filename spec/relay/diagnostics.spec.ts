import { channel } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { addCleanup } from '../support/cleanup.js';
import { createTestRelay, join } from '../support/room.js';
import { eventually } from '../support/waiting.js';
import { relayed } from '../support/wire.js';

/** Records the messages of a channel. */
function record(name: string): Record<string, unknown>[] {
  const messages: Record<string, unknown>[] = [];
  const listener = (message: unknown): void => void messages.push(message as Record<string, unknown>);
  channel(name).subscribe(listener);
  addCleanup(() => void channel(name).unsubscribe(listener));
  return messages;
}

describe('diagnostics channels', () => {
  it('report clients that join and leave, with the error that broke a connection', async () => {
    const messages = record('mini-serv:client');
    const relay = createTestRelay();
    const a = await join(relay);
    const b = await join(relay);
    const reason = new Error('broken');
    b.far.destroy(reason);
    a.end();
    await eventually('two clients that left', () => messages.length === 4);
    expect(messages).to.have.deep.members([
      { relay, event: 'joined', client: 0 },
      { relay, event: 'joined', client: 1 },
      { relay, event: 'left', client: 1, reason },
      { relay, event: 'left', client: 0 },
    ]);
  });

  it('report each line, decoded as UTF-8', async () => {
    const messages = record('mini-serv:line');
    const relay = createTestRelay();
    const a = await join(relay);
    const b = await join(relay);
    a.send('é\n\nlast\n');
    await b.until(relayed(0, 'last'));
    const texts = messages.map(({ text }) => text);
    expect(texts).to.deep.equal(['é', '', 'last']);
    expect(messages[0]).to.deep.equal({ relay, client: 0, text: 'é' });
  });

  it('report warnings', async () => {
    const messages = record('mini-serv:warning');
    const relay = createTestRelay({ maxLineBytes: 10 });
    const a = await join(relay);
    a.send('longer than ten bytes\n');
    await eventually('a warning', () => messages.length === 1);
    expect(messages[0]).to.include({ relay });
    expect(messages[0]?.warning).to.include({ code: 'ERR_LINE_TOO_LONG', client: 0 });
  });
});
