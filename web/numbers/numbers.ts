import { find } from '../dom.js';
import type { Hello, Sample } from '../feed/frames.js';
import { Chart } from './chart.js';
import { formatTime } from './format.js';
import { MEASURES } from './measures.js';
import { History } from './series.js';

/** The table has a row for each of these steps of the history. */
const TABLE_STEP_SECONDS = 10;

/** The charts, and the same numbers as a table. */
export class Numbers {
  readonly #history = new History();
  readonly #charts: readonly Chart[];
  readonly #details = find('numbers-details', HTMLDetailsElement);
  readonly #body = find('numbers-body', HTMLTableSectionElement);
  /** The time of the latest sample in the table. */
  #tableTime = 0;

  constructor() {
    const parent = find('charts', HTMLElement);
    this.#charts = MEASURES.map((measure) => new Chart(parent, measure));
    const head = find('numbers-head', HTMLTableRowElement);
    head.append(...['Time', ...titles()].map(columnHeader));
    this.#details.addEventListener('toggle', () => this.#fillTable());
    for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)']) {
      matchMedia(query).addEventListener('change', () => {
        for (const chart of this.#charts) chart.redraw();
      });
    }
  }

  reset({ history }: Hello): void {
    this.#history.reset(history);
    this.#tableTime = 0;
    this.#draw();
  }

  add(samples: readonly Sample[]): void {
    for (const sample of samples) this.#history.add(sample);
    this.#draw();
  }

  #draw(): void {
    // A hidden page draws again with its next sample.
    if (document.hidden) return;
    for (const chart of this.#charts) chart.show(this.#history);
    // Rows that change more often cannot be read by a screen reader, or selected.
    const time = this.#history.latest?.time ?? 0;
    if (time - this.#tableTime >= TABLE_STEP_SECONDS * 1000) this.#fillTable();
  }

  /** The latest numbers are the first row. */
  #fillTable(): void {
    if (!this.#details.open) return;
    this.#tableTime = this.#history.latest?.time ?? 0;
    const columns = MEASURES.flatMap(({ format, parts }) =>
      parts.map((part) => part.values(this.#history).map((value) => (value === null ? '–' : format(value)))),
    );
    const rows: HTMLTableRowElement[] = [];
    const { samples } = this.#history;
    for (let i = samples.length - 1; i >= 0; i -= TABLE_STEP_SECONDS) {
      const row = document.createElement('tr');
      const header = document.createElement('th');
      header.scope = 'row';
      header.textContent = formatTime((samples[i] as Sample).time);
      row.append(header, ...columns.map((column) => cell(column[i] as string)));
      rows.push(row);
    }
    this.#body.replaceChildren(...rows);
  }
}

function titles(): string[] {
  return MEASURES.flatMap(({ title, parts }) =>
    parts.map(({ name }) => (name === undefined ? title : `${title} ${name}`)),
  );
}

function columnHeader(text: string): HTMLTableCellElement {
  const header = document.createElement('th');
  header.scope = 'col';
  header.textContent = text;
  return header;
}

function cell(text: string): HTMLTableCellElement {
  const element = document.createElement('td');
  element.textContent = text;
  return element;
}
