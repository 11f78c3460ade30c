import { objectTransform } from 'through2';
import type { Message } from '../../protocol/message.js';
import type { ClientInfo, TransformFactory } from '../factory.js';
import { named } from '../transform-name.js';
import { TransformOptions } from './options.js';

type Kind = Message['kind'];

/**
 * What is kept and what is dropped; an option that is not given lets everything pass. From a shell, several
 * values have commas between: `filter=dropKind:arrived,left`.
 */
export interface FilterOptions {
  /** Lines whose text matches are kept, all other lines are dropped. Notices pass. */
  readonly keep?: RegExp | string;
  /** Lines whose text matches are dropped. */
  readonly drop?: RegExp | string;
  /** Only messages of this kind, or of these kinds, are kept. */
  readonly keepKind?: Kind | readonly Kind[];
  /** Messages of this kind, or of these kinds, are dropped. */
  readonly dropKind?: Kind | readonly Kind[];
  /** Only what this client, or these clients, say and do is kept. */
  readonly keepClient?: number | readonly number[];
  /** What this client, or these clients, say and do is dropped. */
  readonly dropClient?: number | readonly number[];
}

const KINDS: readonly Kind[] = ['arrived', 'line', 'left'];

/**
 * Keeps or drops lines by their text, and messages by their kind and their client. Dropping a client's
 * messages makes it a listener: it hears the room all the same.
 *
 * @example
 * createRelay({ transforms: [filter({ drop: /password/i })] }); // mini-serv -t filter=drop:/password/i 4242
 *
 * @throws {MiniServError} ERR_OPTION
 */
export function filter(options: FilterOptions): TransformFactory {
  const read = new TransformOptions('filter', options, [
    'keep',
    'drop',
    'keepKind',
    'dropKind',
    'keepClient',
    'dropClient',
  ]);
  const kind = (item: unknown): Kind | undefined => KINDS.find((name) => name === item);
  const id = (item: unknown): number | undefined =>
    /^\d+$/.test(String(item)) && Number.isSafeInteger(Number(item)) ? Number(item) : undefined;
  // A `g` or `y` expression remembers where it last matched, and would let every other line through.
  const [wanted, unwanted] = [read.pattern('keep'), read.pattern('drop')].map((expression) =>
    expression === undefined ? undefined : new RegExp(expression, expression.flags.replace(/[gy]/g, '')),
  );
  const [keptKinds, droppedKinds] = (['keepKind', 'dropKind'] as const).map((name) =>
    read.list(name, 'arrived, line or left', kind),
  );
  const [kept, dropped] = (['keepClient', 'dropClient'] as const).map((name) =>
    read.list(name, 'the id of a client', id),
  );

  const passes = (message: Message): boolean =>
    keptKinds?.has(message.kind) !== false &&
    droppedKinds?.has(message.kind) !== true &&
    (message.kind !== 'line' ||
      (wanted?.test(message.text) !== false && unwanted?.test(message.text) !== true));

  return named('filter', (client: ClientInfo) => {
    const muted = kept?.has(client.id) === false || dropped?.has(client.id) === true;
    return objectTransform((message: Message, _encoding, done) => {
      if (!muted && passes(message)) done(null, message);
      else done();
    });
  });
}
