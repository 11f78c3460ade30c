import { formatBytes, formatExact, formatLines } from '../numbers/format.js';
import { colourOf } from './colour.js';
import { displayText } from './display-text.js';
import type { Line } from './lines.js';
import { parseMessage } from './message.js';
import type { Gap } from './pending.js';

/** Creates an element with a text. Text of the room only ever becomes text nodes. */
export function createElement(name: string, className: string, text = ''): HTMLElement {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = text;
  return element;
}

/** @param ownIds the ids that this page has had */
export function createLineRow(line: Line, ownIds: ReadonlySet<number>): HTMLElement {
  const { from, client, text } = parseMessage(displayText(line.bytes));
  const row = createElement('div', `row ${from}`);
  const isOwn = client !== undefined && ownIds.has(client);
  if (client !== undefined) row.dataset.client = String(client);
  const name = createElement('span', 'name', from === 'server' ? 'server: ' : nameOf(client, isOwn));
  if (from === 'client' && client !== undefined) row.classList.add(colourOf(client));
  // The direction of a text must not move other parts of its row.
  const content = createElement('bdi', 'text', text);
  content.dir = 'auto';
  row.append(name, content);
  if (line.length > line.bytes.length) {
    const size = `${formatBytes(line.length)} in all, ${formatExact(line.bytes.length)} bytes shown`;
    row.append(createElement('span', 'cut', ` … cut: ${size}`));
  }
  if (isOwn) row.classList.add('own');
  return row;
}

/** Marks rows that were created before the page knew its id. */
export function markOwnRows(rows: Element, id: number): void {
  for (const row of rows.querySelectorAll(`[data-client="${id}"]:not(.own)`)) {
    row.classList.add('own');
    const name = row.querySelector('.name');
    if (name !== null && row.classList.contains('client')) name.textContent = nameOf(id, true);
  }
}

export function createGapRow({ leftOut, unmatched }: Gap): HTMLElement {
  const row = createElement('div', 'row gap');
  if (leftOut > 0) row.append(createElement('span', 'left-out', `${formatLines(leftOut)} left out`));
  if (unmatched > 0) {
    row.append(createElement('span', 'unmatched', `${formatLines(unmatched)} did not match the filter`));
  }
  row.dataset.leftOut = String(leftOut);
  row.dataset.unmatched = String(unmatched);
  return row;
}

function nameOf(client: number | undefined, isOwn: boolean): string {
  return `client ${client}${isOwn ? ' (you)' : ''}: `;
}
