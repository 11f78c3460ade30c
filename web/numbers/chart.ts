import uPlot from 'uplot';
import { setText } from '../dom.js';
import { createElement } from '../room/row.js';
import { describe, type Measure } from './measures.js';
import { type History, SPAN_MS, summarize, type Values } from './series.js';

const HEIGHT_PX = 96;
const AXIS_FONT = '11px system-ui, sans-serif';
const LINE_WIDTH_PX = 1.5;
/** Space for labels such as `1,000 MiB/s`. */
const AXIS_WIDTH_PX = 62;
const DASH = [4, 3];
/** A narrower chart has a label for every other minute. */
const NARROW_PX = 300;
/** Where the time axis has a grid line, in seconds. */
const MINUTES = [-300, -240, -180, -120, -60, 0];

/** A figure with the values of a measure as numbers, and their course as a line. */
export class Chart {
  readonly #measure: Measure;
  /** The latest value of each line. */
  readonly #now: readonly HTMLElement[];
  /** The lowest and the highest value of each line. */
  readonly #ranges: readonly HTMLElement[];
  readonly #plot: uPlot;

  constructor(parent: HTMLElement, measure: Measure) {
    this.#measure = measure;
    const figure = createElement('figure', 'chart');
    this.#now = measure.parts.map(() => createElement('span', 'part'));
    this.#ranges = measure.parts.map(() => document.createElement('span'));
    const range = createElement('span', 'range');
    range.append(...this.#ranges);
    const now = createElement('strong', 'now');
    now.append(...this.#now);
    const caption = document.createElement('figcaption');
    caption.append(createElement('span', 'title', measure.title), ' ', now, ' ', range);
    const box = createElement('div', 'plot');
    // The numbers are in the caption and in the table.
    box.ariaHidden = 'true';
    figure.append(caption, box);
    parent.append(figure);
    this.#plot = new uPlot(optionsOf(measure, box), [[], ...measure.parts.map(() => [])], box);
    new ResizeObserver(() => this.#resize(box)).observe(box);
  }

  show(history: History): void {
    const { parts } = this.#measure;
    const values = parts.map((part) => part.values(history));
    const texts = describe(this.#measure, values.map(summarize));
    for (const [i, { now, range }] of texts.entries()) {
      setText(this.#now[i] as Element, now);
      setText(this.#ranges[i] as Element, i === 0 ? `In 5 min: ${range}` : range);
    }
    this.#plot.setData([history.seconds, ...values] as [number[], ...Values[]]);
  }

  /** Draws again with the colours of the theme. */
  redraw(): void {
    this.#plot.redraw(false);
  }

  #resize(box: HTMLElement): void {
    if (box.clientWidth > 0) this.#plot.setSize({ width: box.clientWidth, height: HEIGHT_PX });
  }
}

function optionsOf({ format, increments, parts }: Measure, box: HTMLElement): uPlot.Options {
  const colour = (name: string) => () => getComputedStyle(box).getPropertyValue(name);
  const axis: uPlot.Axis = {
    font: AXIS_FONT,
    stroke: colour('--muted'),
    grid: { stroke: colour('--grid'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: Math.max(box.clientWidth, 1),
    height: HEIGHT_PX,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: [-SPAN_MS / 1000, 0] },
      y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] },
    },
    axes: [
      {
        ...axis,
        size: 22,
        splits: MINUTES,
        values: (plot, splits) => splits.map((seconds) => labelOf(seconds, plot.width)),
        space: 40,
      },
      {
        ...axis,
        size: AXIS_WIDTH_PX,
        // A larger space would leave an axis with the label 0 only, for example up to 4.
        space: 24,
        incrs: [...increments],
        values: (_plot, splits) => splits.map(format),
      },
    ],
    series: [
      {},
      ...parts.map((_part, i) => ({
        stroke: colour(`--chart-${i + 1}`),
        width: LINE_WIDTH_PX,
        points: { show: false },
        ...(i === 0 ? { fill: colour('--chart-fill') } : { dash: DASH }),
      })),
    ],
  };
}

function labelOf(seconds: number, chartWidthPx: number): string | null {
  // The first label would be where the labels of the other axis are.
  const isHidden = seconds === MINUTES[0] || (seconds % 120 !== 0 && chartWidthPx < NARROW_PX);
  if (isHidden) return null;
  return seconds === 0 ? 'now' : `−${-seconds / 60} min`;
}
