import { escape as escapeControlCharacters } from '../builtin/escape.js';
import { exec } from '../builtin/exec.js';
import { filter } from '../builtin/filter.js';
import { log } from '../builtin/log.js';
import { noHttp } from '../builtin/no-http.js';
import { rate } from '../builtin/rate.js';
import { replace } from '../builtin/replace.js';
import { timestamp } from '../builtin/timestamp.js';
import type { MessageTransform } from '../transform.js';

/** The built-in transforms by their names in `-t`. Each checks its own options. */
export const BUILT_INS: ReadonlyMap<string, (options: never) => MessageTransform> = new Map(
  Object.entries({
    filter,
    log,
    replace,
    timestamp,
    rate,
    escape: escapeControlCharacters,
    exec,
    'no-http': noHttp,
  }),
);
