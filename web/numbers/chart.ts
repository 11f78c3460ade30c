import uPlot from 'uplot';
import { setText } from '../dom.js';
import { createElement } from '../room/row.js';
import { describe, type Measure } from './measures.js';
import { type History, SPAN_MS, summarize, type Values } from './series.js';

const HEIGHT_PX = 110;
const AXIS_FONT = '11px system-ui, sans-serif';
const LINE_WIDTH_PX = 1.5;
/** Space for labels such as `1,000 MiB/s`. */
const AXIS_WIDTH_PX = 62;
const DASH = [4, 3];

/** A figure with the values of a measure as numbers, and their course as a line. */
export class Chart {
  readonly #measure: Measure;
  readonly #now = createElement('strong', 'now');
  readonly #range = createElement('span', 'range');
  readonly #plot: uPlot;

  constructor(parent: HTMLElement, measure: Measure) {
    this.#measure = measure;
    const figure = createElement('figure', 'chart');
    const caption = document.createElement('figcaption');
    caption.append(createElement('span', 'title', measure.title), ' ', this.#now, ' ', this.#range);
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
    const names = parts.map(({ name }) => name);
    const { now, range } = describe(this.#measure, values.map(summarize), names);
    setText(this.#now, now);
    setText(this.#range, range === '' ? '' : `5 min: ${range}`);
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
    padding: [8, 8, 0, 0],
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
        splits: [-300, -240, -180, -120, -60, 0],
        values: (_plot, splits) => splits.map((seconds) => (seconds === 0 ? 'now' : `${seconds / 60} min`)),
        space: 50,
      },
      {
        ...axis,
        size: AXIS_WIDTH_PX,
        space: 30,
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
