import type { Reporter } from '../reporter.js';
import { htmlPage } from './html/page.js';

/** Writes the report as one HTML file. */
export function html(): Reporter {
  return { onEnd: htmlPage };
}
