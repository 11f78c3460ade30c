import { parseArgs } from 'node:util';

/** An option of a command: how it is parsed, and what the help text says about it. */
export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** Whether the option may be given several times. Otherwise the last one counts. */
  readonly multiple?: boolean;
  /** The placeholder of the value in the help text. */
  readonly value?: string;
  readonly help: string;
}

export type OptionTable = Readonly<Record<string, Option>>;

export type OptionValues<T extends OptionTable> = {
  [K in keyof T]?: T[K] extends { type: 'boolean' }
    ? true
    : T[K] extends { multiple: true }
      ? string[]
      : string;
};

/** Arguments that make no sense. The message says which, what was expected, and what was given. */
export class UsageError extends Error {}

/** Returns an error such as: `--memory: expected a size such as 64M, got "lots"`. */
export function unexpected(option: string, expected: string, got: string): UsageError {
  return new UsageError(`${option}: expected ${expected}, got "${got}"`);
}

/**
 * Parses options in the forms `--name value`, `--name=value`, and the same with a short name.
 *
 * @param isOperandLast whether the first argument that is not an option ends the options, as in `sudo command --option`
 * @throws {UsageError} for an unknown option, or one with a missing or an unwanted value
 */
export function parseOptions<T extends OptionTable>(
  args: readonly string[],
  table: T,
  isOperandLast = false,
): { values: OptionValues<T>; operands: string[] } {
  // Node's strict mode would check the same, but its messages are long and differ between versions.
  const { tokens } = parseArgs({
    args: [...args],
    options: table,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, unknown> = {};
  const operands: string[] = [];
  for (const token of tokens) {
    if (isOperandLast && token.kind !== 'option') {
      const start = token.kind === 'positional' ? token.index : token.index + 1;
      return { values: values as OptionValues<T>, operands: args.slice(start) };
    }
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName } = token;
    const option = Object.hasOwn(table, name) ? table[name] : undefined;
    if (option === undefined) throw new UsageError(`${rawName}: unknown option; see --help`);
    const value = checkValue(token, option);
    if (option.multiple !== true) values[name] = value;
    else values[name] = [...((values[name] as string[] | undefined) ?? []), value];
  }
  return { values: values as OptionValues<T>, operands };
}

function checkValue(
  {
    rawName,
    value,
    inlineValue,
  }: { rawName: string; value?: string | undefined; inlineValue?: boolean | undefined },
  { type }: Option,
): string | true {
  if (type === 'boolean') {
    if (value !== undefined) throw unexpected(rawName, 'no value', value);
    return true;
  }
  if (value === undefined) throw new UsageError(`${rawName}: expected a value, got none`);
  if (!inlineValue && value.length > 1 && value.startsWith('-')) {
    const form = rawName.startsWith('--') ? `${rawName}=${value}` : `${rawName}${value}`;
    throw new UsageError(`${rawName}: expected a value, got "${value}"; if that is the value, write ${form}`);
  }
  return value;
}
