import { expect } from 'chai';
import { createRelay, MiniServError, type RelayOptions } from '../../lib/index.js';
import { checkOptions } from '../../lib/relay/options.js';
import { nodeEnvironment } from '../../lib/util/environment.js';

/** What somebody may hand in who writes no TypeScript. */
function refusal(options: unknown): MiniServError {
  try {
    createRelay(options as RelayOptions);
  } catch (error) {
    expect(error).to.be.an.instanceOf(MiniServError);
    return error as MiniServError;
  }
  throw new Error('it was taken');
}

describe('options', () => {
  const bad: Record<keyof RelayOptions, unknown[]> = {
    transforms: [{}, 'filter', [1], [() => {}, null], null],
    onTransformError: ['', 'ignore', true, null],
    maxLineBytes: [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '64', 257 * 2 ** 20, {}, true],
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
      it(`refuses ${name}: ${typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? value)}`, () => {
        const { code, message } = refusal({ [name]: value });
        expect(code).to.equal('ERR_OPTION');
        expect(message).to.match(new RegExp(`^${name} must be `));
      });
    }
  }

  it('names an option that there is not', () => {
    expect(refusal({ maxline: 5 })).to.include({
      code: 'ERR_OPTION',
      message: "there is no option 'maxline'",
    });
    expect(refusal({ toString: 1 }).message).to.include("'toString'");
  });

  it('refuses options that are none', () => {
    for (const options of [null, 5, 'fast', []]) expect(refusal(options).code).to.equal('ERR_OPTION');
  });

  it('says what an option may be and what it is', () => {
    expect(refusal({ graceMs: -1 }).message).to.equal(
      'graceMs must be an integer from 0 to 2147483647, and is -1',
    );
  });

  it('takes the least and the most of each size', () => {
    const least = {
      maxLineBytes: 1,
      memoryBytes: 0,
      windowBytes: 1,
      graceMs: 0,
      maxClients: 1,
      segmentBytes: 16,
      spillLimitBytes: 0,
    };
    const most = { maxLineBytes: 2 ** 28, graceMs: 2 ** 31 - 1, segmentBytes: 2 ** 30 };
    expect(checkOptions(least)).to.deep.include(least);
    expect(checkOptions(most)).to.deep.include(most);
  });

  it('has defaults, for what is undefined as for what is left out', () => {
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
    const nothing = Object.fromEntries(Object.keys(bad).map((name) => [name, undefined])) as RelayOptions;
    expect(checkOptions(nothing)).to.deep.equal(checkOptions({}));
  });

  it('takes a part of a world, the rest being real', () => {
    const clock = { ...nodeEnvironment.clock };
    const { environment: world } = checkOptions({ environment: { clock } });
    expect(world.clock).to.equal(clock);
    expect(world.fs).to.equal(nodeEnvironment.fs);
  });

  it('is not changed by what happens to the array afterwards', () => {
    const transforms: (() => never)[] = [];
    const checked = checkOptions({ transforms });
    transforms.push(() => {
      throw new Error('too late');
    });
    expect(checked.transforms).to.deep.equal([]);
  });
});
