import { MAX_RETENTION_MS, MIN_RETENTION, type Retention } from '../../lib/room/options.js';
import { formatDuration, parseDuration } from '../../lib/util/duration.js';
import { formatSize, parseSize } from '../../lib/util/size.js';
import { unexpected } from './usage-error.js';

/** The values that an option accepts, in bytes or in milliseconds. */
export interface Range {
  readonly min: number;
  readonly max: number;
  /** A value as users type it. */
  readonly example: string;
}

/**
 * Parses the size of an option.
 *
 * @returns bytes
 * @throws {UsageError} that quotes the text as it was typed
 */
export function sizeOf(option: string, text: string, { min, max, example }: Range): number {
  const bytes = parseSize(text);
  if (bytes === undefined) throw unexpected(option, `a size such as ${example}`, text);
  if (bytes >= min && bytes <= max) return bytes;
  throw unexpected(option, `a size from ${formatSize(min)} to ${formatSize(max)}`, text);
}

/**
 * Parses the duration of an option.
 *
 * @returns milliseconds
 * @throws {UsageError} that quotes the text as it was typed
 */
export function durationOf(option: string, text: string, { min, max, example }: Range): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= min && ms <= max) return ms;
  const expected = `a time from ${formatDuration(min)} to ${formatDuration(max)}, such as ${example}`;
  const error = unexpected(option, expected, text);
  if (parseDuration(`${text}s`) !== undefined) error.message += ' without a unit (ms, s, m, h or d)';
  throw error;
}

const MAX_RETENTION_DAYS = Math.floor(MAX_RETENTION_MS / (parseDuration('1d') as number));
const RETENTION =
  `a time from ${formatDuration(MIN_RETENTION.ms)} to ${MAX_RETENTION_DAYS}d ` +
  `or a size of at least ${formatSize(MIN_RETENTION.bytes)}, such as 1h or 1G`;

/**
 * Parses how much of a room is kept: a duration or a size.
 *
 * @throws {UsageError}
 */
export function retentionOf(option: string, text: string): Retention {
  const ms = parseDuration(text);
  const bytes = ms === undefined ? parseSize(text) : undefined;
  if (ms !== undefined && ms >= MIN_RETENTION.ms && ms <= MAX_RETENTION_MS) return { ms };
  if (bytes !== undefined && bytes >= MIN_RETENTION.bytes && Number.isFinite(bytes)) return { bytes };
  throw unexpected(option, RETENTION, text);
}
