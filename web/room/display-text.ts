import { escapeBytes, escapeText } from '../../lib/util/escape-text.js';

/** Without `ignoreBOM` a byte order mark at the start would vanish instead of being shown. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Engines limit the number of arguments of a call. */
const MAX_ARGUMENTS = 8192;

/**
 * Converts bytes to a text in which control characters, invisible characters and invalid UTF-8 are escapes such as `\x1b`.
 * `\n` and `\t` are kept.
 */
export function displayText(bytes: Uint8Array): string {
  try {
    return escapeText(decoder.decode(bytes));
  } catch {
    return escapeBytes(toLatin1(bytes));
  }
}

/** The decoder named latin1 decodes windows-1252. */
function toLatin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += MAX_ARGUMENTS) {
    text += String.fromCharCode(...bytes.subarray(at, at + MAX_ARGUMENTS));
  }
  return text;
}
