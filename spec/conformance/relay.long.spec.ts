import { CASES } from '../../lib/conformance/cases/index.js';
import { RELAY, runKit } from '../support/conformance.js';
import { describeRelayConformance } from '../support/relay-conformance.js';

/** Attempts at the case `prompt`, which any server may fail on a busy machine. A slow server fails all of them. */
const PROMPT_ATTEMPTS = 20;

describeRelayConformance(CASES.filter(({ name, rank }) => rank === 'beyond' && name !== 'prompt'));

describe('the kit, with mini-serv itself', () => {
  it('passes prompt in one of several attempts', async () => {
    for (let attempt = 1; attempt <= PROMPT_ATTEMPTS; attempt++) {
      const [result] = await runKit(RELAY, ['prompt']);
      if (result?.outcome === 'passed') return;
    }
    throw new Error(`failed in ${PROMPT_ATTEMPTS} attempts`);
  });
});
