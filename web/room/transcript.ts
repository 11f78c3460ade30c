import { type Filter, NO_FILTER } from './filter.js';
import type { Entry, Gap } from './pending.js';
import { createElement, createGapRow, createLineRow, markOwnRows } from './row.js';

/** Rows in the page while it follows the newest line. */
const MAX_ROWS = 2000;
/** Rows in the page while the reader looks at older lines, which must not disappear meanwhile. */
const MAX_HELD_ROWS = 4000;
/** Positions are rounded, more so when the page is zoomed. */
const BOTTOM_TOLERANCE_PX = 2;

/** The rows of the room in a box that scrolls. Stays at the newest row unless the reader scrolls up. */
export class Transcript {
  readonly #box: HTMLElement;
  readonly #rows: HTMLElement;
  readonly #ownIds = new Set<number>();
  #filter: Filter = NO_FILTER;
  #top = 0;
  #isFollowing = true;

  /** @param onFollow called when the reader leaves the newest row, or returns to it */
  constructor(box: HTMLElement, rows: HTMLElement, onFollow: () => void) {
    this.#box = box;
    this.#rows = rows;
    box.addEventListener('scroll', () => this.#onScroll(onFollow), { passive: true });
    new ResizeObserver(() => this.#stick()).observe(box);
  }

  get isFollowing(): boolean {
    return this.#isFollowing;
  }

  /** How many entries it can take now. */
  get capacity(): number {
    // Only rows that will be visible: those before them would have scrolled away before the next frame.
    const visible = Math.ceil(this.#box.clientHeight / this.#rowHeight);
    return this.#isFollowing ? visible : Math.min(visible, MAX_HELD_ROWS - this.#rows.childElementCount);
  }

  /** Returns the rows of the entries. */
  append(entries: readonly Entry[]): HTMLElement[] {
    const fragment = document.createDocumentFragment();
    const rows = entries.map((entry) => {
      this.#addGap(fragment, entry);
      const row = this.#createRow(entry.content);
      fragment.append(row);
      return row;
    });
    this.#rows.append(fragment);
    if (this.#isFollowing) {
      const excess = this.#rows.childElementCount - MAX_ROWS;
      for (let i = 0; i < excess; i++) this.#rows.firstElementChild?.remove();
    }
    this.#stick();
    return rows;
  }

  /** Adds to the gap at the end, which grows while no line matches the filter. */
  appendGap(gap: Gap): void {
    this.#addGap(this.#rows, gap);
    this.#stick();
  }

  addOwnId(id: number): void {
    this.#ownIds.add(id);
    markOwnRows(this.#rows, id);
  }

  /** Hides the rows that do not match. */
  applyFilter(filter: Filter): void {
    this.#filter = filter;
    for (const row of this.#rows.children) {
      if (row instanceof HTMLElement) row.hidden = this.#isHidden(row);
    }
    this.#rows.classList.toggle('filtered', filter.isActive);
    this.#stick();
  }

  goToNewest(): void {
    this.#isFollowing = true;
    this.#stick();
  }

  get #rowHeight(): number {
    return Number.parseFloat(getComputedStyle(this.#box).lineHeight) || 20;
  }

  #createRow(content: Entry['content']): HTMLElement {
    if (typeof content === 'string') return createElement('div', 'row note', content);
    const row = createLineRow(content, this.#ownIds);
    row.hidden = this.#isHidden(row);
    return row;
  }

  #addGap(target: DocumentFragment | HTMLElement, gap: Gap): void {
    if (gap.leftOut === 0 && gap.unmatched === 0) return;
    const last = target.lastElementChild ?? this.#rows.lastElementChild;
    if (!(last instanceof HTMLElement) || !last.classList.contains('gap')) {
      target.append(createGapRow(gap));
      return;
    }
    last.replaceWith(
      createGapRow({
        leftOut: gap.leftOut + Number(last.dataset.leftOut),
        unmatched: gap.unmatched + Number(last.dataset.unmatched),
      }),
    );
  }

  #isHidden(row: HTMLElement): boolean {
    if (row.classList.contains('gap') || row.classList.contains('note')) return false;
    const [name, text] = row.children;
    // The mark of own lines is no part of the line.
    return !this.#filter.matches(`${name?.textContent?.replace(' (you)', '')}${text?.textContent}`);
  }

  #onScroll(onFollow: () => void): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    const isAtBottom = scrollHeight - scrollTop - clientHeight <= BOTTOM_TOLERANCE_PX;
    const wasFollowing = this.#isFollowing;
    this.#isFollowing = isAtBottom || (wasFollowing && scrollTop >= this.#top);
    this.#top = scrollTop;
    if (this.#isFollowing !== wasFollowing) onFollow();
  }

  #stick(): void {
    if (!this.#isFollowing) return;
    this.#box.scrollTop = this.#box.scrollHeight;
    this.#top = this.#box.scrollTop;
  }
}
