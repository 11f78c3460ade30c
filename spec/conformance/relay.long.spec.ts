import { CASES } from '../../lib/conformance/cases/index.js';
import { describeRelayConformance } from '../support/relay-conformance.js';

describeRelayConformance(CASES.filter(({ rank }) => rank === 'practice' || rank === 'beyond'));
