import { objectTransform } from 'through2';
import type { Message } from '../message.js';
import type { TransformFactory } from '../transform.js';

/** What of a message must match; a field that is not given matches anything. */
export interface FilterOptions {
  /** Lines whose text matches are kept, all other lines are dropped. */
  readonly keep?: RegExp;
  /** Lines whose text matches are dropped. */
  readonly drop?: RegExp;
}

/**
 * Keeps or drops lines by their text. Notices pass.
 *
 * @example
 * createRelay({ transforms: [filter({ drop: /password/i })] });
 */
export function filter({ keep, drop }: FilterOptions): TransformFactory {
  // A `g` or `y` expression remembers where it last matched, and would let every other line through.
  const [wanted, unwanted] = [keep, drop].map((expression) =>
    expression === undefined ? undefined : new RegExp(expression, expression.flags.replace(/[gy]/g, '')),
  );
  const passes = (text: string): boolean => wanted?.test(text) !== false && unwanted?.test(text) !== true;
  return () =>
    objectTransform((message: Message, _encoding, done) => {
      if (message.kind !== 'line' || passes(message.text)) done(null, message);
      else done();
    });
}
