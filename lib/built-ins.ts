import type { TransformFactory } from './transform.js';
import { escape as escapeControlCharacters } from './transforms/escape.js';
import { filter } from './transforms/filter.js';
import { log } from './transforms/log.js';
import { noHttp } from './transforms/no-http.js';
import { rate } from './transforms/rate.js';
import { replace } from './transforms/replace.js';
import { timestamp } from './transforms/timestamp.js';

/** The transforms that ship, by the names that they have in a shell. Each checks its options itself. */
export const BUILT_INS: ReadonlyMap<string, (options: never) => TransformFactory> = new Map(
  Object.entries({
    filter,
    log,
    replace,
    timestamp,
    rate,
    escape: escapeControlCharacters,
    'no-http': noHttp,
  }),
);
