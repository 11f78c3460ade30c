import { once } from 'node:events';
import { builtPath } from '../../bench/build.js';
import { startProgram } from './program.js';

/** Runs the load generator of the bench to its end, on a relay at this port; returns its report. */
export async function runLoad(port: number, ...args: string[]): Promise<Record<string, unknown>> {
  const { child, output } = startProgram(builtPath('load'), ['--port', String(port), ...args]);
  await once(child, 'close');
  return JSON.parse(output.text);
}
