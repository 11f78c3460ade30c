import type { Rank } from './case.js';
import { type Symptom, summarizedSymptom, symptomOf } from './cause-key.js';
import type { Result } from './run.js';
import { findDifference } from './wire-line.js';
import { explains, wrongPrefix } from './wrong-prefix.js';

/** Failures that probably have the same cause in the server. */
export interface Cause {
  /** The failure that is explained: that of the case that checks just this, or the first one in the order of the cases. */
  readonly first: Result;
  /** The other failures, in the order of the cases. */
  readonly others: readonly Result[];
  /** Whether one of the cases is required. */
  readonly required: boolean;
}

/** The cases that check one kind of line, or pieces of lines, and nothing else. */
const BASIC_CASES: Readonly<Record<string, string>> = {
  arrived: 'arrivals',
  line: 'lines',
  left: 'leaves',
  piece: 'pieces',
};

/** Groups the failures by their symptom, in the order of the first failure of each group. */
export function findCauses(results: readonly Result[], required: readonly Rank[]): Cause[] {
  const failures = results.filter(({ outcome }) => outcome === 'failed');
  const basic = basicSymptoms(failures);
  const exact = failures.map((result) => generalize(symptomOf(result), basic));
  const groups: { symptom: Symptom; members: Result[] }[] = [];
  for (const [i, result] of failures.entries()) {
    const own = exact[i] as Symptom;
    const summarized = summarizedSymptom(result);
    const shared = summarized && findGeneral(generalize(summarized, basic), exact);
    const symptom = shared ?? findGeneral(own, exact) ?? own;
    const group = groups.find((one) => isEqual(one.symptom, symptom) || isExplained(result, one.members[0]));
    if (group === undefined) groups.push({ symptom, members: [result] });
    else group.members.push(result);
  }
  return groups.map(({ members }) => {
    const first = chooseFirst(members);
    return {
      first,
      others: members.filter((one) => one !== first),
      required: members.some((one) => required.includes(one.case.rank)),
    };
  });
}

/** Returns the basic case for the kind of line that is wrong in the first failure, because its hint is about that line. */
function chooseFirst(members: readonly Result[]): Result {
  const [first] = members as readonly [Result];
  const kindOf = ({ details }: Result) => findDifference(details)?.line?.kind;
  const kind = kindOf(first);
  const basic = members.find((one) => kind !== undefined && one.case.name === BASIC_CASES[kind]);
  return basic !== undefined && kindOf(basic) === kind ? basic : first;
}

/** Returns the symptoms of the basic cases that failed, by the kind of line that they check. */
function basicSymptoms(failures: readonly Result[]): ReadonlyMap<string, Symptom> {
  return new Map(
    Object.entries(BASIC_CASES).flatMap(([kind, name]) => {
      const result = failures.find((one) => one.case.name === name);
      return result === undefined ? [] : [[kind, symptomOf(result).slice(0, 2)] as const];
    }),
  );
}

/**
 * Drops the details of a symptom that a basic case has as well: what fails there fails everywhere. A kind of line that
 * passed its basic case is missing only sometimes, for a reason that does not depend on its kind.
 */
function generalize(symptom: Symptom, basic: ReadonlyMap<string, Symptom>): Symptom {
  const known = [...basic].flatMap(([kind, one]) => (kind === 'piece' ? [] : [one]));
  const [family = '', kind = ''] = symptom;
  // After a line that was received twice, every line is another one than the expected.
  if (known.some(([first]) => first === 'repeated') && BYTE_FAMILIES.includes(family)) return ['repeated'];
  const general = symptom.slice(0, 2);
  if (known.some((one) => isEqual(one, general))) return general;
  // A server that sends text without its newline takes each packet for a line.
  const isPerPacket = basic.get('piece')?.[0] === 'unfinished line';
  if (isPerPacket && UNFINISHED_FAMILIES.includes(kind === 'no prefix' ? kind : family))
    return ['unfinished line'];
  // Without a newline at its end, a line is followed by the next one.
  if (family === 'unfinished line' && basic.get(kind)?.[1] === 'end') return basic.get(kind) as Symptom;
  if (family === 'missing' && kind === 'line' && symptom[2] === 'long' && !basic.has('line'))
    return ['long line'];
  if (family !== 'missing') return symptom;
  const broken = basic.get(kind);
  const isSameKind = broken?.some((part) => part === kind || part === 'notice') === true;
  return broken !== undefined && isSameKind ? broken : ['missing sometimes', ...symptom.slice(2)];
}

const UNFINISHED_FAMILIES = ['unfinished line', 'no prefix', 'long line'];
const BYTE_FAMILIES = ['line', 'arrived', 'left', 'missing', 'long line'];

/** Returns the most general of the symptoms with which this one begins. */
function findGeneral(symptom: Symptom, symptoms: readonly Symptom[]): Symptom | undefined {
  const general = symptoms.filter((one) => one.every((part, i) => part === symptom[i]));
  return general.sort((a, b) => a.length - b.length)[0];
}

function isEqual(a: Symptom, b: Symptom): boolean {
  return a.join('\n') === b.join('\n');
}

/** Whether the wrong prefix in the first failure of a group is all that is wrong in this one. */
function isExplained({ details }: Result, first: Result | undefined): boolean {
  const [difference, explained] = [findDifference(details), findDifference(first?.details)];
  const prefix = explained && wrongPrefix(explained);
  return difference !== undefined && prefix !== undefined && explains(prefix, difference);
}
