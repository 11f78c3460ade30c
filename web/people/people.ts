import type { ClientStats } from '../../lib/relay/stats.js';
import { find, setText } from '../dom.js';
import type { Status } from '../feed/frames.js';
import { formatBytes, formatCount, formatExact, formatTime } from '../numbers/format.js';
import { colourOf } from '../room/colour.js';
import { createElement } from '../room/row.js';
import { type SortKey, sortClients } from './order.js';
import { describeRoom } from './whole-room.js';

const STATES = { active: 'reads', slow: 'slow', stalled: 'stalled' } as const;
const COLUMNS = 6;
/** Rows of the table until the reader asks for all. */
const FIRST_ROWS = 100;

/** The table of the relay's clients, and the clients of the whole room if it has several relays. */
export class People {
  readonly #body = find('clients', HTMLTableSectionElement);
  readonly #note = find('clients-note', HTMLElement);
  readonly #allButton = find('clients-all', HTMLButtonElement);
  readonly #wholeRoom = find('whole-room', HTMLElement);
  readonly #onSelect: (client: number) => void;
  #status: Status | undefined;
  #ownId: number | undefined;
  #sortKey: SortKey = 'id';
  #showsAll = false;

  /** @param onSelect called when the reader wants to see only the lines of this client */
  constructor(onSelect: (client: number) => void) {
    this.#onSelect = onSelect;
    for (const key of ['id', 'lag'] as const) {
      find(`sort-${key}`, HTMLButtonElement).addEventListener('click', () => this.#sortBy(key));
    }
    this.#allButton.addEventListener('click', () => {
      this.#showsAll = true;
      this.#draw();
      // The button is hidden now, and the focus would start again at the top of the page.
      this.#body.rows[FIRST_ROWS]?.querySelector('button')?.focus();
    });
    this.#body.addEventListener('click', ({ target }) => {
      if (target instanceof HTMLButtonElement) this.#onSelect(Number(target.value));
    });
  }

  show(status: Status): void {
    this.#status = status;
    this.#draw();
  }

  setOwnId(id: number | undefined): void {
    this.#ownId = id;
    this.#draw();
  }

  #sortBy(key: SortKey): void {
    this.#sortKey = key;
    find('column-id', HTMLTableCellElement).ariaSort = key === 'id' ? 'ascending' : null;
    find('column-lag', HTMLTableCellElement).ariaSort = key === 'lag' ? 'descending' : null;
    this.#draw();
  }

  #draw(): void {
    if (this.#status === undefined) return;
    const { clients, clientsLeftOut, sample, room } = this.#status;
    const sorted = sortClients(clients, this.#sortKey);
    const shown = this.#showsAll ? sorted : sorted.slice(0, FIRST_ROWS);
    while (this.#body.rows.length > shown.length) this.#body.deleteRow(-1);
    // Rows stay where they are and change their texts, because moving elements costs the browser more.
    for (const [i, client] of shown.entries()) {
      this.#fill(this.#body.rows[i] ?? this.#addRow(), client);
    }
    this.#allButton.hidden = shown.length === sorted.length;
    setText(this.#allButton, `Show ${formatExact(sorted.length)} clients`);
    setText(this.#note, noteOf(sample.clients, shown.length, clientsLeftOut));
    setText(this.#wholeRoom, describeRoom(room));
    this.#wholeRoom.hidden = room === null;
  }

  #addRow(): HTMLTableRowElement {
    const row = this.#body.insertRow();
    const header = document.createElement('th');
    header.scope = 'row';
    header.append(createElement('button', 'client-button'), createElement('span', 'you'));
    row.append(header);
    for (let i = 1; i < COLUMNS; i++) row.insertCell();
    return row;
  }

  #fill(row: HTMLTableRowElement, client: ClientStats): void {
    const [header, since, lines, bytes, lag, state] = row.cells;
    const [button, you] = header?.children ?? [];
    if (!(button instanceof HTMLButtonElement) || !you || !since || !lines || !bytes || !lag || !state)
      return;
    const { id } = client;
    if (button.value !== String(id)) {
      button.value = String(id);
      button.className = `client-button ${colourOf(id)}`;
      button.ariaLabel = `client ${id}: show only its lines`;
      setText(button, String(id));
    }
    setText(you, id === this.#ownId ? ' (you)' : '');
    setText(since, formatTime(client.joinedAt));
    setText(lines, formatCount(client.lines));
    setText(bytes, formatBytes(client.bytes));
    setText(lag, formatBytes(client.lagBytes));
    setText(state, client.hasLeft ? `left, ${STATES[client.state]}` : STATES[client.state]);
    if (row.dataset.state !== client.state) row.dataset.state = client.state;
  }
}

function noteOf(total: number, shown: number, leftOut: number): string {
  if (total === 0) return 'No client is connected.';
  const which = leftOut === 0 ? '' : ' The relay reports only those with the largest lag.';
  return shown < total ? `${formatExact(shown)} of ${formatExact(total)} clients.${which}` : '';
}
