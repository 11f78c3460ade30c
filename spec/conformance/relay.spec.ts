import { CASES } from '../../lib/conformance/cases/index.js';
import { describeRelayConformance } from '../support/relay-conformance.js';

/** Cases that take a second of processor time. The long specs run them. */
const LONG_CASES = [
  ...['no-port', 'crowd', 'one-order', 'half-closed', 'stopped-client', 'lazy-100-mb', 'bounded-memory'],
];

describeRelayConformance(CASES.filter(({ name }) => !LONG_CASES.includes(name)));
