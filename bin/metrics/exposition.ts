import type { Metric } from './metric.js';

/** The two formats of the Prometheus project. `text` is what `promtool check metrics` reads. */
export type Exposition = 'text' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<Exposition, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** Returns the format for the value of an `Accept` header: Prometheus asks for OpenMetrics by its name. */
export function chooseExposition(accept = ''): Exposition {
  return accept.includes('application/openmetrics-text') ? 'openmetrics' : 'text';
}

/**
 * Renders metrics.
 *
 * OpenMetrics: https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md, text:
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function renderMetrics(metrics: readonly Metric[], exposition: Exposition): string {
  return `${metrics.map((metric) => renderMetric(metric, exposition)).join('')}# EOF\n`;
}

function renderMetric({ name, type, unit, help, samples }: Metric, exposition: Exposition): string {
  const isOpenMetrics = exposition === 'openmetrics';
  const counted = type === 'counter' ? `${name}_total` : name;
  // OpenMetrics declares a counter under its name without the suffix, the older format with it.
  const family = isOpenMetrics ? name : counted;
  const lines = [
    `# HELP ${family} ${help}`,
    `# TYPE ${family} ${isOpenMetrics || type !== 'gaugehistogram' ? type : 'histogram'}`,
    ...(isOpenMetrics && unit !== undefined ? [`# UNIT ${family} ${unit}`] : []),
    ...samples.map(({ suffix = '', labels, value }) => {
      const isPresent = isOpenMetrics && type === 'gaugehistogram';
      const shown = isPresent ? suffix.replace(/_(sum|count)/, '_g$1') : suffix;
      return `${counted}${shown}${renderLabels(labels)} ${value}`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}

function renderLabels(labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
