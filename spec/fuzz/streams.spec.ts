import { Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { expect } from 'chai';
import fc from 'fast-check';
import { createRelay, MiniServError } from '../../lib/index.js';
import { checkProperty } from '../support/fuzz.js';
import { Member } from '../support/room.js';
import { eventually, waitTurns, within } from '../support/waiting.js';

/** The methods that the relay calls, and those that it might. */
const CALLED = ['on', 'read', 'resume', 'pause', 'write', 'end', 'destroy', 'cork', 'uncork'] as const;
const OTHERS = ['once', 'off', 'addListener', 'removeListener', 'pipe', 'unpipe', 'setEncoding'] as const;
/** The methods that a program implements. Node contains the exceptions of these, and the relay those of `_write`. */
const IMPLEMENTED = ['_read', '_write', '_final', '_destroy'] as const;
const GETTERS = [
  ...['readableFlowing', 'readableEnded', 'readableEncoding', 'readableObjectMode', 'writableObjectMode'],
  ...['writable', 'writableEnded', 'writableFinished', 'writableLength', 'writableNeedDrain'],
  ...['destroyed', 'closed', 'errored', 'constructor', 'then', '_readableState', '_writableState'],
] as const;

/** How a method fails. `rejects`: it is an async function. */
type Failure = 'throws' | 'throws undefined' | 'rejects';

interface Fault {
  /** `wrapper`: a Proxy, so that the stream's own calls do not fail. `override`: the stream's own calls fail too. */
  readonly by: 'wrapper' | 'override';
  readonly name: string;
  readonly failure: Failure;
  /** The call that fails, counted from 1, and whether those after it fail too. */
  readonly nth: number;
  readonly lasts: boolean;
}

const faults: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({
    by: fc.constantFrom('wrapper', 'override'),
    name: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...CALLED) },
      { weight: 1, arbitrary: fc.constantFrom(...OTHERS) },
    ),
    failure: fc.constantFrom('throws', 'throws undefined', 'rejects'),
    nth: fc.constantFrom(1, 1, 1, 2, 2, 3, 4, 5, 6),
    lasts: fc.boolean(),
  }),
  fc.record({
    by: fc.constant('override' as const),
    name: fc.constantFrom(...IMPLEMENTED),
    failure: fc.constant('throws' as const),
    nth: fc.integer({ min: 1, max: 6 }),
    lasts: fc.boolean(),
  }),
  fc.record({
    by: fc.constant('wrapper' as const),
    name: fc.constantFrom(...GETTERS),
    failure: fc.constant('throws' as const),
    nth: fc.integer({ min: 1, max: 12 }),
    lasts: fc.boolean(),
  }),
);

/** The steps after the faulty stream was handed over, in this order. */
const actions = fc.array(
  fc.constantFrom(
    'it sends',
    'it receives',
    'it receives much',
    'it sends much',
    'a turn',
    'its error',
    'its FIN',
  ),
  { maxLength: 6 },
);

function failing(stream: Duplex, { by, name, failure, nth, lasts }: Fault): Duplex {
  let calls = 0;
  const call = (original: () => unknown): unknown => {
    calls++;
    if (lasts ? calls < nth : calls !== nth) return original();
    const error = failure === 'throws undefined' ? undefined : new Error(`${name} fails`);
    if (failure === 'rejects') return Promise.reject(error);
    throw error;
  };
  if (by === 'override') {
    const method = Reflect.get(stream, name) as (...args: unknown[]) => unknown;
    const value = (...args: unknown[]): unknown => call(() => method.apply(stream, args));
    return Object.defineProperty(stream, name, { value, writable: true, configurable: true });
  }
  return new Proxy(stream, {
    get(target, key) {
      if (key === name && GETTERS.includes(name as never)) return call(() => Reflect.get(target, key));
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function' || key === 'constructor') return value;
      const method = (...args: unknown[]): unknown => value.apply(target, args);
      return key === name ? (...args: unknown[]) => call(() => method(...args)) : method;
    },
  });
}

describe('fuzz: stream that fails', () => {
  it('ends its own client only, whichever call fails and whenever', async () => {
    const property = fc.asyncProperty(
      faults,
      actions,
      fc.boolean(),
      fc.boolean(),
      async (fault, steps, transforms, isSocket) => {
        const relay = createRelay({ transforms: transforms ? [(message) => message] : [] });
        const [a, b] = [new Member(relay), new Member(relay)];
        const [near, far] = duplexPair();
        // The relay corks a socket, and lends it its buffers.
        if (isSocket && !IMPLEMENTED.includes(fault.name as never))
          Object.defineProperty(far, 'constructor', { value: Socket });
        near.on('error', () => {}).resume();
        far.on('error', () => {});
        let isAdded = true;
        try {
          relay.handle(failing(far, fault));
        } catch (error) {
          expect(error).to.be.instanceOf(MiniServError).and.to.include({ code: 'ERR_OPTION' });
          isAdded = false;
        }
        expect(await new Member(relay).handle.id).to.equal(isAdded ? 3 : 2);
        for (const step of steps) {
          if (step.startsWith('it sends') && near.writableEnded) continue;
          if (step === 'it sends') near.write('from it\n');
          else if (step === 'it sends much') near.write('x'.repeat(99_999).concat('\n'));
          else if (step === 'it receives') a.send('for it\n');
          else if (step === 'it receives much') a.send('y'.repeat(99_999).concat('\n'));
          else if (step === 'its error') far.destroy(new Error('its error'));
          else if (step === 'its FIN') near.end();
          else await waitTurns(2);
        }
        a.send('ping\n');
        await b.until('client 0: ping\n');
        b.send('pong\n');
        await a.until('client 1: pong\n');
        near.end();
        await eventually('its leaving', () => relay.stats().clients === 3);
        await within(relay.close(0), 'the end of the relay');
        expect(relay.stats().clients).to.equal(0);
      },
    );
    await checkProperty(0.03, property);
  });
});
