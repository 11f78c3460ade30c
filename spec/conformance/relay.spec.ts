import { CASES } from '../../lib/conformance/cases/index.js';
import { describeRelayConformance } from '../support/relay-conformance.js';

// The long specs run the cases of the other ranks.
describeRelayConformance(CASES.filter(({ rank }) => rank === 'subject' || rank === 'exam'));
