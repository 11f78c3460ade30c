import { objectTransform } from 'through2';
import type { Message } from '../../protocol/message.js';
import type { MessageTransform } from '../transform.js';
import { TransformOptions } from './options.js';

/**
 * Which messages pass; without options, all of them. In `-t`, several values are separated by commas:
 * `filter=dropKind:arrived,left`.
 */
export interface FilterOptions {
  /** Keeps only lines whose text matches. Notices pass. */
  readonly keep?: RegExp | string;
  /** Drops lines whose text matches. */
  readonly drop?: RegExp | string;
  /** Keeps only messages of these kinds. */
  readonly keepKind?: Message['kind'] | readonly Message['kind'][];
  /** Drops messages of these kinds. */
  readonly dropKind?: Message['kind'] | readonly Message['kind'][];
  /** Keeps only the messages of the clients with these ids. */
  readonly keepClient?: number | readonly number[];
  /** Drops the messages of the clients with these ids. */
  readonly dropClient?: number | readonly number[];
}

type Kind = Message['kind'];

const KINDS: readonly Kind[] = ['arrived', 'line', 'left'];

/**
 * Keeps or drops lines by their text, and messages by their kind and their client. A client whose messages are all
 * dropped still receives those of the others.
 *
 * @example
 * createRelay({ transforms: [filter({ drop: /password/i })] }); // mini-serv -t filter=drop:/password/i 4242
 *
 * @throws {MiniServError} ERR_OPTION
 */
export function filter(options: FilterOptions): MessageTransform {
  const read = new TransformOptions('filter', options, [
    'keep',
    'drop',
    'keepKind',
    'dropKind',
    'keepClient',
    'dropClient',
  ]);
  // With the flags `g` and `y` an expression continues after its last match, and would miss every other line.
  const [keep, drop] = [read.pattern('keep'), read.pattern('drop')].map((expression) =>
    expression === undefined ? undefined : new RegExp(expression, expression.flags.replace(/[gy]/g, '')),
  );
  const [keepKinds, dropKinds] = (['keepKind', 'dropKind'] as const).map((name) =>
    read.list(name, 'arrived, line or left', parseKind),
  );
  const [keepIds, dropIds] = (['keepClient', 'dropClient'] as const).map((name) =>
    read.list(name, 'the id of a client', parseId),
  );

  const passes = (message: Message): boolean =>
    keepKinds?.has(message.kind) !== false &&
    dropKinds?.has(message.kind) !== true &&
    (message.kind !== 'line' || (keep?.test(message.text) !== false && drop?.test(message.text) !== true));

  return {
    name: 'filter',
    createStream({ id }) {
      const isMuted = keepIds?.has(id) === false || dropIds?.has(id) === true;
      return objectTransform((message: Message, _encoding, done) => {
        if (!isMuted && passes(message)) done(null, message);
        else done();
      });
    },
  };
}

function parseKind(item: unknown): Kind | undefined {
  return KINDS.find((kind) => kind === item);
}

function parseId(item: unknown): number | undefined {
  return /^\d+$/.test(String(item)) && Number.isSafeInteger(Number(item)) ? Number(item) : undefined;
}
