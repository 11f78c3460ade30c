import { describeRelayConformance } from '../support/relay-conformance.js';

describeRelayConformance(['subject', 'exam']);
