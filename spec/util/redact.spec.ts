import { expect } from 'chai';
import { redact } from '../../lib/util/redact.js';

describe('redact()', () => {
  for (const [text, redacted] of [
    ['nats://user:password@host:4222/room', 'nats://***@host:4222/room'],
    ['nats://user:pass/word with spaces@host', 'nats://***@host'],
    ['nats://user:p@ss@host', 'nats://***@host'],
    ['user:password@host', '***@host'],
    ['nats://host/room', 'nats://host/room'],
    ['a@b://c', '***@b://c'],
  ] as const) {
    it(`turns ${text} into ${redacted}`, () => {
      expect(redact(text)).to.equal(redacted);
    });
  }
});
