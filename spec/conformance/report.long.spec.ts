import { expect } from 'chai';
import { text } from '../../lib/conformance/reporters/text.js';
import { plain } from '../../lib/conformance/text.js';
import {
  compiledServers,
  MISTAKES,
  type Mistake,
  runKit,
  scriptWithMistake,
  summaryOf,
} from '../support/conformance.js';
import { describeWith } from '../support/tools.js';

const MAX_LINES = 120;
const MAX_EXPLANATIONS = 2;

/** The mistakes of mistakes.mjs. */
const SCRIPT_MISTAKES = [
  'trim',
  'toString',
  'noisy',
  'busy',
  'slow',
  'eachPacket',
  'atOnce',
  'shortLines',
] as const;

describeWith('cc', 'the report on a server with a single mistake', () => {
  const servers = compiledServers();

  after(() => servers.remove());

  const expectShortReport = async (command: readonly string[]): Promise<void> => {
    const results = await runKit(command, undefined, 5000);
    const summary = summaryOf(results, { required: ['subject', 'exam'] });
    const lines = text({ paint: plain, explain: [] }).onEnd(summary).trimEnd().split('\n');
    expect(lines.length).to.be.at.most(MAX_LINES);
    expect(lines.filter((line) => /^\d+\) /.test(line)).length).to.be.at.most(MAX_EXPLANATIONS);
    expect([lines[0], lines.at(-1)]).to.deep.equal([summary.sentence, summary.sentence]);
  };

  for (const mistake of Object.keys(MISTAKES) as Mistake[]) {
    it(`explains at most two causes, and begins and ends with the verdict, for ${mistake}`, async () =>
      expectShortReport([await servers.compile(mistake)]));
  }

  for (const mistake of SCRIPT_MISTAKES) {
    it(`explains at most two causes, and begins and ends with the verdict, for ${mistake}`, () =>
      expectShortReport(scriptWithMistake(mistake)));
  }
});
