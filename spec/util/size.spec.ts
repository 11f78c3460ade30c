import { expect } from 'chai';
import { formatSize, parseSize } from '../../lib/util/size.js';

describe('parseSize()', () => {
  const sizes: Record<string, number> = {
    '0': 0,
    '4096': 4096,
    '12B': 12,
    '64K': 65536,
    '64k': 65536,
    '64KB': 65536,
    '64KiB': 65536,
    '1.5K': 1536,
    '64M': 2 ** 26,
    '64 MiB': 2 ** 26,
    '1.5G': 1.5 * 2 ** 30,
    '2T': 2 ** 41,
    '0.1K': 102,
  };
  for (const [text, bytes] of Object.entries(sizes)) {
    it(`parses "${text}" as ${bytes} bytes`, () => expect(parseSize(text)).to.equal(bytes));
  }

  const wrong = [
    '',
    ' ',
    '1 ',
    '0.5',
    '1.5B',
    '1  K',
    '1K ',
    'K',
    '-1',
    '+1',
    '1e3',
    '0x10',
    '1,5K',
    '.5K',
    '5.',
    '1KK',
    '1 K B',
    '1P',
    'NaN',
  ];
  for (const text of [...wrong, ' 1', '1\n', '1K\n', 'Infinity']) {
    it(`rejects ${JSON.stringify(text.slice(0, 20))}`, () => {
      expect(parseSize(text)).to.equal(undefined);
    });
  }

  for (const text of ['9'.repeat(400), '99999999T', '9007199254740992']) {
    it(`returns Infinity for a size that is too large to count: ${text.slice(0, 20)}`, () => {
      expect(parseSize(text)).to.equal(Number.POSITIVE_INFINITY);
    });
  }
});

describe('formatSize()', () => {
  const sizes = [
    [0, '0B'],
    [1, '1B'],
    [1000, '1000B'],
    [1024, '1K'],
    [1536 * 1024, '1536K'],
    [2 ** 28, '256M'],
    [3 * 2 ** 30, '3G'],
    [2 ** 41, '2T'],
    [2 ** 51, '2048T'],
  ] as const;
  for (const [bytes, text] of sizes) {
    it(`formats ${bytes} bytes as ${text}, which is parsed as the same size`, () => {
      expect(formatSize(bytes)).to.equal(text);
      expect(parseSize(text)).to.equal(bytes);
    });
  }
});
