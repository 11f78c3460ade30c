/** A text that is repeated at least this often is written as a product. */
const RUN = /(.{1,32}?)\1{7,}/gs;

/** Returns an expression of Python for bytes, in which repetitions are short. */
export function pythonBytes(bytes: Buffer): string {
  const lines = bytes.toString('latin1').match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const terms: string[] = [];
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] as string;
    let times = 1;
    while (lines[at + times] === line) times++;
    const parts = partsOf(line);
    const expression = parts.join(' + ');
    if (times === 1) terms.push(...parts);
    else terms.push(`${parts.length > 1 ? `(${expression})` : expression} * ${times}`);
    at += times;
  }
  return joinLiterals(terms).join(' + ') || 'b""';
}

function partsOf(line: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (const { 0: run, 1: unit = '', index } of line.matchAll(RUN)) {
    if (index > from) parts.push(literal(line.slice(from, index)));
    parts.push(`${literal(unit)} * ${run.length / unit.length}`);
    from = index + run.length;
  }
  if (from < line.length) parts.push(literal(line.slice(from)));
  return parts;
}

function literal(text: string): string {
  const escaped = Array.from(text, (character) => {
    if (character === '\n') return '\\n';
    if (character === '"' || character === '\\') return `\\${character}`;
    const isPrintable = character >= ' ' && character <= '~';
    return isPrintable ? character : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `b"${escaped.join('')}"`;
}

/** Joins literals that follow each other. */
function joinLiterals(terms: readonly string[]): string[] {
  const joined: string[] = [];
  for (const term of terms) {
    const last = joined.at(-1);
    if (last?.endsWith('"') && term.startsWith('b"') && term.endsWith('"')) {
      joined[joined.length - 1] = last.slice(0, -1) + term.slice(2);
    } else joined.push(term);
  }
  return joined;
}
