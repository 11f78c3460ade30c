import { escape as escapeControlCharacters } from '../builtin/escape.js';
import { filter } from '../builtin/filter.js';
import { log } from '../builtin/log.js';
import { noHttp } from '../builtin/no-http.js';
import { rate } from '../builtin/rate.js';
import { replace } from '../builtin/replace.js';
import { timestamp } from '../builtin/timestamp.js';
import type { TransformFactory } from '../factory.js';

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
