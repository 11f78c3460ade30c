import { type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Metrics } from '../metrics/metrics.js';
import type { WebFile } from '../web-files.js';
import type { Access } from './access.js';
import { securityHeaders } from './headers.js';

export interface ResponderOptions {
  readonly access: Access;
  readonly files: ReadonlyMap<string, WebFile>;
  readonly metrics: Metrics;
  readonly port: number;
}

const METHODS = ['GET', 'HEAD'];
const TEXT: OutgoingHttpHeaders = { 'Content-Type': 'text/plain; charset=utf-8' };
/** Headers that tell a client which requests are answered, by the status. */
const ADVICE: Readonly<Record<number, OutgoingHttpHeaders>> = {
  405: { Allow: METHODS.join(', ') },
  426: { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' },
};

function scrape(metrics: Metrics, { headers }: IncomingMessage): WebFile {
  const { contentType: type, body } = metrics.scrape(headers.accept);
  return { type, bytes: Buffer.from(body) };
}

/** Creates the function that answers HTTP requests. A status is given for a request that is refused already. */
export function createResponder({ access, files, metrics, port }: ResponderOptions) {
  const common = securityHeaders(port);
  const send = (
    response: ServerResponse,
    status: number,
    body: string | Buffer = `${STATUS_CODES[status]}\n`,
    headers: OutgoingHttpHeaders = { ...TEXT, ...ADVICE[status] },
  ): void => {
    response.writeHead(status, { ...common, ...headers, 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  };
  return (request: IncomingMessage, response: ServerResponse, status?: number): void => {
    const { method = '', url = '' } = request;
    if (!access.allows(request)) send(response, 403);
    else if (status !== undefined) send(response, status);
    else if (!METHODS.includes(method)) send(response, 405);
    else {
      const path = url.split('?', 1)[0] as string;
      const file = path === '/metrics' ? scrape(metrics, request) : files.get(path);
      if (file === undefined) send(response, 404);
      else send(response, 200, file.bytes, { 'Content-Type': file.type });
    }
  };
}
