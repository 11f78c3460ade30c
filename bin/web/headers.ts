import type { OutgoingHttpHeaders } from 'node:http';

/**
 * Returns the headers of all responses. They forbid the page everything except its own files and its two WebSockets, and
 * forbid other origins to embed or to read anything.
 *
 * @param port the port of the server
 */
export function securityHeaders(port: number): OutgoingHttpHeaders {
  // Some browsers do not count WebSockets as 'self'.
  const sockets = ['127.0.0.1', 'localhost'].map((name) => `ws://${name}:${port}`).join(' ');
  return {
    'Content-Security-Policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      `connect-src 'self' ${sockets}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ].join('; '),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Cache-Control': 'no-store',
    // An idle connection would take the place of another one.
    Connection: 'close',
  };
}
