import { expect } from 'chai';
import { createRelay, MiniServError, type RelayOptions } from '../../lib/index.js';
import { checkOptions } from '../../lib/relay/options.js';
import { nodeEnvironment } from '../../lib/util/environment.js';

/** The error of createRelay() for options that TypeScript may not allow. */
function rejection(options: unknown): MiniServError {
  try {
    createRelay(options as RelayOptions);
  } catch (error) {
    expect(error).to.be.an.instanceOf(MiniServError);
    return error as MiniServError;
  }
  throw new Error('the options were accepted');
}

describe('createRelay() options', () => {
  const bad: Record<keyof RelayOptions, unknown[]> = {
    transforms: [{}, 'filter', [1], [() => {}, null], null],
    onTransformError: ['', 'ignore', true, null],
    maxLineBytes: [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '64', 257 * 2 ** 20, {}, true, null],
    memoryBytes: [-1, 0.5, '1', Number.NaN],
    spillDir: ['', 5, null, {}],
    spillLimitBytes: [-1, 1.5, '1', null],
    windowBytes: [0, -1, 1.5, '1'],
    graceMs: [-1, 0.5, '1', 2 ** 31, Number.POSITIVE_INFINITY],
    maxClients: [0, -1, 1.5, '2', null],
    room: ['nats://localhost/lobby', {}, null, new EventTarget()],
    signal: ['abort', {}, 5, new AbortController(), null],
    segmentBytes: [0, 15, 1.5, '512', 2 ** 31],
    environment: [5, 'real', null, () => {}],
  };
  for (const [name, values] of Object.entries(bad)) {
    for (const value of values) {
      it(`rejects ${name}: ${typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? value)}`, () => {
        const { code, message } = rejection({ [name]: value });
        expect(code).to.equal('ERR_OPTION');
        expect(message).to.match(new RegExp(`^${name}: expected .+, got [^\\n]+$`));
      });
    }
  }

  it('names an unknown option, and those that are known', () => {
    expect(rejection({ maxline: 5 })).to.include({
      code: 'ERR_OPTION',
      message: `maxline: unknown option; expected one of ${Object.keys(bad).join(', ')}`,
    });
    expect(rejection({ toString: 1 }).message).to.include('toString: unknown option');
  });

  it('rejects options that are not an object', () => {
    for (const options of [null, 5, 'fast', []]) {
      expect(rejection(options)).to.include({ code: 'ERR_OPTION' });
      expect(rejection(options).message).to.match(/^options: expected an object, got /);
    }
  });

  it('says in an error what is expected and what was given', () => {
    expect(rejection({ graceMs: -1 }).message).to.equal(
      'graceMs: expected an integer from 0 to 2147483647, got -1',
    );
  });

  it('accepts the minimum and the maximum of each number', () => {
    const minima = {
      maxLineBytes: 1,
      memoryBytes: 0,
      windowBytes: 1,
      graceMs: 0,
      maxClients: 1,
      segmentBytes: 16,
      spillLimitBytes: 0,
    };
    const maxima = { maxLineBytes: 2 ** 28, graceMs: 2 ** 31 - 1, segmentBytes: 2 ** 30 };
    expect(checkOptions(minima)).to.deep.include(minima);
    expect(checkOptions(maxima)).to.deep.include(maxima);
  });

  it('uses the same defaults for an undefined option as for a missing one', () => {
    const { maxLineBytes, memoryBytes, transforms, spillLimitBytes, maxClients, environment } = checkOptions(
      {},
    );
    expect({ maxLineBytes, memoryBytes, spillLimitBytes, maxClients }).to.deep.equal({
      maxLineBytes: 2 ** 26,
      memoryBytes: 2 ** 26,
      spillLimitBytes: undefined,
      maxClients: undefined,
    });
    expect(transforms).to.deep.equal([]);
    expect(environment).to.deep.equal(nodeEnvironment);
    const allUndefined = Object.fromEntries(
      Object.keys(bad).map((name) => [name, undefined]),
    ) as RelayOptions;
    expect(checkOptions(allUndefined)).to.deep.equal(checkOptions({}));
  });

  it('accepts a partial environment and completes it with the real one', () => {
    const clock = { ...nodeEnvironment.clock };
    const { environment } = checkOptions({ environment: { clock } });
    expect(environment.clock).to.equal(clock);
    expect(environment.fs).to.equal(nodeEnvironment.fs);
  });

  it('accepts inherited options', () => {
    const options = Object.create({ maxLineBytes: 9, graceMs: 7 }, { maxLineBytes: { value: 8 } });
    expect(checkOptions(options)).to.include({ maxLineBytes: 8, graceMs: 7 });
  });

  it('copies the array of transforms', () => {
    const transforms: (() => never)[] = [];
    const checked = checkOptions({ transforms });
    transforms.push(() => {
      throw new Error('too late');
    });
    expect(checked.transforms).to.deep.equal([]);
  });
});
