import { parseMessage } from './message.js';

/** Which lines of the room are shown. */
export interface Filter {
  readonly isActive: boolean;
  /** @param line a line as the page displays it, with its prefix */
  matches(line: string): boolean;
}

export const NO_FILTER: Filter = { isActive: false, matches: () => true };

/**
 * @param text a part of the line; upper and lower case are the same
 * @param clients the lines of these clients, and the notices about them; empty for all
 */
export function createFilter(text: string, clients: readonly number[]): Filter {
  if (text === '' && clients.length === 0) return NO_FILTER;
  const part = text.toLowerCase();
  const ids = new Set<number | undefined>(clients);
  return {
    isActive: true,
    matches: (line) =>
      (ids.size === 0 || ids.has(parseMessage(line).client)) && line.toLowerCase().includes(part),
  };
}

/**
 * Reads ids such as `3, 7` or `client 3`.
 *
 * @returns undefined if the input is not a list of ids
 */
export function parseClients(input: string): number[] | undefined {
  const words = input.split(/[\s,;]+/).filter((word) => word !== '' && word.toLowerCase() !== 'client');
  if (words.some((word) => !/^\d{1,15}$/.test(word))) return undefined;
  return [...new Set(words.map(Number))];
}
