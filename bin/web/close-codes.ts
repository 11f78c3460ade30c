// The status codes of closed WebSockets that the server uses, see RFC 6455, section 7.4.1.

/** The relay is closing. */
export const GOING_AWAY = 1001;
export const POLICY_VIOLATION = 1008;
/** A line or a message is too long. */
export const TOO_BIG = 1009;
export const INTERNAL_ERROR = 1011;
