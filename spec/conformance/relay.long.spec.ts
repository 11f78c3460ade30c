import { describeRelayConformance } from '../support/relay-conformance.js';

describeRelayConformance(['beyond']);
