import { commonPrefixLength, visible } from '../../text.js';
import { escapeMarkup } from '../xml.js';

/** Complete lines before the one with the first difference. */
const LINES_BEFORE = 2;
const MAX_BYTES_BEFORE = 80;
const MAX_BYTES_AFTER = 240;
const MAX_LINES_AFTER = 6;
const NOTHING = 'nothing more';

/** Shows what a client should have received and what it received, side by side, with the first wrong byte marked. */
export function showSides(expected: Buffer, received: Buffer, end: string | undefined): string {
  const at = commonPrefixLength(expected, received);
  const start = startBefore(expected, at);
  const side = (title: string, bytes: Buffer, ending: string): string =>
    `<figure><figcaption>${title}</figcaption><pre tabindex="0">${showBytes(bytes, start, at, ending)}</pre></figure>`;
  return [
    `<p class="difference">${describeDifference(expected, received, at, end)}</p>`,
    '<div class="sides">',
    side('Expected', expected, `‹${NOTHING}›`),
    side('Received', received, end === undefined ? `‹${NOTHING}›` : `‹${end}›`),
    '</div>',
  ].join('\n');
}

/** Returns where both texts begin to be shown. */
function startBefore(bytes: Buffer, at: number): number {
  let start = at;
  for (let lines = 0; lines <= LINES_BEFORE && start > 0; lines++) {
    const lineStart = start < 2 ? 0 : bytes.lastIndexOf(0x0a, start - 2) + 1;
    if (at - lineStart > MAX_BYTES_BEFORE) return lines === 0 ? at - MAX_BYTES_BEFORE : start;
    start = lineStart;
  }
  return start;
}

function endAfter(bytes: Buffer, at: number): number {
  let end = at;
  for (let lines = 0; lines < MAX_LINES_AFTER && end < bytes.length; lines++) {
    const newline = bytes.indexOf(0x0a, end);
    end = newline === -1 ? bytes.length : newline + 1;
    if (end - at > MAX_BYTES_AFTER) return at + MAX_BYTES_AFTER;
  }
  return end;
}

function showBytes(bytes: Buffer, start: number, at: number, ending: string): string {
  const end = endAfter(bytes, at);
  const before = start > 0 ? '<span class="cut">…</span> ' : '';
  const same = `<span class="same">${showRun(bytes.subarray(start, at))}</span>`;
  if (at >= bytes.length) return `${before}${same}<mark>${escapeMarkup(ending)}</mark>`;
  const wrong = `<mark>${showByte(bytes[at] as number, true)}</mark>${bytes[at] === 0x0a ? '\n' : ''}`;
  const after = end < bytes.length ? ' <span class="cut">…</span>' : '';
  return `${before}${same}${wrong}${showRun(bytes.subarray(at + 1, Math.max(at + 1, end)))}${after}`;
}

/** A newline is shown as `\n`, and then breaks the line. */
function showRun(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes) text += showByte(byte) + (byte === 0x0a ? '\n' : '');
  return text;
}

function showByte(byte: number, isMarked = false): string {
  if (byte === 0x20) return isMarked ? '␣' : ' ';
  const text = visible([byte]);
  return text.length === 1 ? escapeMarkup(text) : `<span class="control">${escapeMarkup(text)}</span>`;
}

function describeDifference(expected: Buffer, received: Buffer, at: number, end = NOTHING): string {
  const [wanted, got] = [expected[at], received[at]];
  if (got === undefined) {
    const correct = at === 1 ? 'One byte is' : `${at.toLocaleString('en')} bytes are`;
    if (at === 0 && end.startsWith(NOTHING))
      return `Nothing was received${escapeMarkup(end.slice(NOTHING.length))}.`;
    return at === 0
      ? `Nothing was received: ${escapeMarkup(end)}.`
      : `${correct} correct, then: ${escapeMarkup(end)}.`;
  }
  const position = `The first difference is at byte ${(at + 1).toLocaleString('en')}`;
  const name = wanted === undefined ? NOTHING : nameByte(wanted);
  return `${position}: expected ${name}, received ${nameByte(got)}.`;
}

function nameByte(byte: number): string {
  const shown = byte === 0x20 ? 'a space' : `<code>${escapeMarkup(visible([byte]))}</code>`;
  return `${shown} (0x${byte.toString(16).padStart(2, '0')})`;
}
