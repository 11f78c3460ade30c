import { expect } from 'chai';
import { createRelay, filter } from '../../lib/index.js';
import { checkOptions } from '../../lib/relay/options.js';
import { bare } from '../../lib/util/own-options.js';
import { afterwards } from '../support/cleanup.js';

describe('options', () => {
  const made = {
    'of an object': { maxLineBytes: 7 },
    'without a prototype': Object.assign(Object.create(null), { maxLineBytes: 7 }),
    'inherited from defaults': Object.create({ maxLineBytes: 7 }),
    'of two generations': Object.create(Object.create({ maxLineBytes: 9 }), { maxLineBytes: { value: 7 } }),
    'of a class': new (class {
      maxLineBytes = 7;
      help(): void {}
    })(),
    'that a class gives by a getter': new (class {
      get maxLineBytes() {
        return 7;
      }
    })(),
    'behind a Proxy': new Proxy({ maxLineBytes: 7 }, {}),
  };
  for (const [what, options] of Object.entries(made)) {
    it(`are taken ${what}`, () => {
      expect(checkOptions(options).maxLineBytes).to.equal(7);
      const relay = createRelay(options);
      afterwards(() => relay.close(0));
    });
  }

  it('of a transform are, too', () => {
    expect(() => filter(Object.create({ drop: '(' }))).to.throw('(');
  });

  it('that there are not are refused, by name', () => {
    expect(() => createRelay({ maxline: 7 } as never)).to.throw('maxline');
  });

  it('are not what all objects inherit', () => {
    expect('toString' in bare({})).to.equal(false);
    expect(Object.keys(bare(Object.create({ maxLineBytes: 7 })))).to.deep.equal([]);
  });
});
