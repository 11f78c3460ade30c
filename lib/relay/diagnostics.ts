import { channel } from 'node:diagnostics_channel';
import type { MiniServError } from '../util/errors.js';

const clients = channel('mini-serv:client');
const lines = channel('mini-serv:line');
const warnings = channel('mini-serv:warning');

/**
 * Publishes what happens in a relay on the channels of `node:diagnostics_channel`. A channel without subscribers costs one
 * comparison, for lines one for each block.
 */
export class Diagnostics {
  readonly #relay: object;

  constructor(relay: object) {
    this.#relay = relay;
  }

  get wantsLines(): boolean {
    return lines.hasSubscribers;
  }

  onClient(event: 'joined' | 'left', client: number, reason?: Error): void {
    if (!clients.hasSubscribers) return;
    clients.publish({ relay: this.#relay, event, client, ...(reason !== undefined && { reason }) });
  }

  onLine(client: number, text: string): void {
    lines.publish({ relay: this.#relay, client, text });
  }

  onWarning(warning: MiniServError): void {
    if (warnings.hasSubscribers) warnings.publish({ relay: this.#relay, warning });
  }
}
