import { inspect } from 'node:util';
import { expect } from 'chai';
import { openRoom, type RoomOptions } from '../../lib/index.js';

describe('openRoom(): options', () => {
  for (const [name, value] of [
    ['heartbeatMs', 0],
    ['heartbeatMs', '1s'],
    ['timeoutMs', Number.NaN],
    ['timeoutMs', -1],
    ['replicas', 9],
    ['replicas', 1.5],
    ['retention', '1h'],
    ['retention', null],
    ['retention', {}],
    ['retention', { ms: 9999 }],
    ['retention', { bytes: 16 * 2 ** 20 - 1 }],
    ['retention', { ms: 60_000, bytes: 2 ** 30 }],
    ['signal', 5],
    ['creds', 5],
    ['onWarning', 'no'],
  ] as const) {
    it(`rejects ${name}: ${inspect(value)}`, async () => {
      const error = await rejection(openRoom('nats://127.0.0.1:1/r', { [name]: value } as RoomOptions));
      expect(error).to.include({ name: 'MiniServError', code: 'ERR_OPTION' });
      expect(error.message).to.match(new RegExp(`^${name}: expected .+, got `));
    });
  }

  it('rejects an option of another name, and options that are not an object', async () => {
    for (const [options, message] of [
      [{ keep: '1h' }, /^keep: unknown option; expected one of timeoutMs, retention, /],
      [null, /^options: expected an object, got null$/],
    ] as const) {
      const error = await rejection(openRoom('nats://127.0.0.1:1/r', options as object));
      expect(error).to.include({ code: 'ERR_OPTION' });
      expect(error.message).to.match(message);
    }
  });

  it('takes the signal of another realm or of a polyfill, as createRelay() does', async () => {
    const listeners = new Set<() => void>();
    const signal = {
      aborted: false,
      reason: undefined,
      addEventListener: (_type: string, listener: () => void) => listeners.add(listener),
      removeEventListener: (_type: string, listener: () => void) => listeners.delete(listener),
    };
    const opening = openRoom('nats://127.0.0.1:1/r', { signal: signal as unknown as AbortSignal });
    signal.aborted = true;
    for (const listener of listeners) listener();
    expect(await rejection(opening)).to.include({ name: 'AbortError' });
    const early = openRoom('nats://127.0.0.1:1/r', { signal: signal as unknown as AbortSignal });
    expect(await rejection(early)).to.include({ name: 'AbortError' });
    expect(listeners.size).to.equal(0);
  });

  it('does not quote an invalid credential', async () => {
    const token = { secret: 'T0ps3cret' } as unknown as string;
    const error = await rejection(openRoom('nats://127.0.0.1:1/r', { token }));
    expect(error).to.include({ code: 'ERR_OPTION', message: 'token: expected a string, got object' });
  });

  it('rejects a URL that is not a string', async () => {
    for (const url of [undefined, null, 5, {}]) {
      const error = await rejection(openRoom(url as unknown as string));
      expect(error).to.include({ code: 'ERR_OPTION' });
      expect(error.message).to.match(/^url: expected a string such as nats:/);
    }
  });
});

async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('the promise resolved');
}
