import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../../util/environment.js';
import { MiniServError } from '../../util/errors.js';
import { isWithoutJetStream } from './connection.js';
import type { Packages } from './packages.js';

/** How long a starting server may take to say that JetStream works, in milliseconds. */
const STARTING_MS = 3000;
/** Longer than the engine keeps the consumer of an earlier connection, in milliseconds. */
const SETTLING_MS = 15_000;

/**
 * The meaning of an error of the engine.
 *
 * - `outage`: the engine is not ready; waiting helps.
 * - `limit`: the message is too large; a smaller one can be stored.
 * - `refused`: the engine would give the same answer again, at the latest after `afterMs`.
 */
type Rule =
  | { readonly kind: 'outage' | 'limit' }
  | { readonly kind: 'refused'; readonly afterMs: number; readonly advice: string };

const OUTAGE: Rule = { kind: 'outage' };
const LIMIT: Rule = { kind: 'limit' };

function refused(advice: string, afterMs = 0): Rule {
  return { kind: 'refused', afterMs, advice };
}

const NOT_ENABLED = 10076;
const RAISE_STORAGE =
  'delete data, or raise max_file_store of the server or the storage limit of the account';
/** The streams of a room reserve their sizes when they are created. */
const RESERVED = 'a room reserves its --room-retention, and 64 MiB for snapshots';
const ENABLE = 'enable JetStream on the server and for the account of the relay';

/** By the error code of JetStream (server/errors.json of nats-server). */
const RULES: ReadonlyMap<number, Rule> = new Map([
  // The cluster is starting, or has no leader or too few servers at present.
  ...[10004, 10005, 10007, 10008, 10009, 10035, 10041, 10075, 10118, 10119].map(
    (code) => [code, OUTAGE] as const,
  ),
  // A record that is restored or repeated was already stored by another relay.
  ...[10070, 10071, 10164].map((code) => [code, OUTAGE] as const),
  // The first attempt to store a record is still in progress, the stream is busy, or another update of it is running.
  ...[10158, 10167, 10124, 10226].map((code) => [code, OUTAGE] as const),
  [10054, LIMIT],
  [10002, refused(`the account is full: ${RAISE_STORAGE}`)],
  [10023, refused(`the server is full: ${RAISE_STORAGE}`, STARTING_MS)],
  [10047, refused(`${RESERVED}: lower --room-retention, or ${RAISE_STORAGE}`)],
  [10028, refused('raise max_memory_store of the server or the memory limit of the account', SETTLING_MS)],
  [10077, refused('the stream is full: raise its limits, or set its discard policy to old')],
  [10026, refused('raise max_consumers of the stream or the account: each relay needs one', SETTLING_MS)],
  [10027, refused('raise max_streams of the account: each room needs two')],
  [10039, refused(ENABLE, STARTING_MS)],
  [NOT_ENABLED, refused(ENABLE, STARTING_MS)],
  [10059, refused('the stream was deleted: start the relay again', STARTING_MS)],
  [10052, refused('change the limits for streams in the configuration of the server')],
  [10060, refused('another stream stores the subject of the room: delete that stream')],
  [10065, refused('another stream stores the subject of the room: delete that stream')],
  [10074, refused('use a cluster, or --room-replicas 1')],
  [10109, refused('the stream is sealed: use another name for the room')],
  [10113, refused('set --room-retention to a size')],
  [10120, refused('add limits for JetStream to the account')],
  [10122, refused(`${RESERVED}: lower --room-retention, or raise the limit of the account`)],
]);
const DEFAULT_ADVICE = 'see the log of the server';

/** Distinguishes, by their codes, errors that may end while the relay waits from errors that end the room. */
export class Refusals {
  readonly #packages: Packages;
  readonly #connection: NatsConnection;
  readonly #clock: Clock;
  /** By request: the code of its last error, and since when it is the same. */
  readonly #last = new Map<string, { readonly code: number; readonly since: number }>();

  constructor(packages: Packages, connection: NatsConnection, clock: Clock) {
    this.#packages = packages;
    this.#connection = connection;
    this.#clock = clock;
  }

  /** The engine has accepted a request. */
  onSuccess(request: string): void {
    this.#last.delete(request);
  }

  /** There is a new connection. How long the engine refused a request over the last one no longer counts. */
  onReconnect(): void {
    this.#last.clear();
  }

  /** Whether a smaller message could be stored. */
  isLimit(error: unknown): boolean {
    const { transport } = this.#packages;
    // The client itself refuses a message that is larger than the server allows.
    if (error instanceof transport.InvalidArgumentError) return /max_payload/.test(error.message);
    const answer = this.#answerOf(error);
    return answer !== undefined && ruleOf(answer).kind === 'limit';
  }

  /**
   * Returns the error that ends the room, or undefined if the engine may accept the same request later.
   *
   * @param request what the engine does not accept
   */
  judge(error: unknown, request: string): MiniServError | undefined {
    if (error instanceof MiniServError) return error;
    const answer = this.#answerOf(error);
    if (answer === undefined) return undefined;
    const rule = ruleOf(answer);
    if (rule.kind !== 'refused') return undefined;
    const now = this.#clock.now();
    const last = this.#last.get(request);
    const since = last?.code === answer.code ? last.since : now;
    this.#last.set(request, { code: answer.code, since });
    if (now - since < rule.afterMs) return undefined;
    const message = `the engine refuses ${request}: ${answer.message} (JetStream error ${answer.code}); ${rule.advice}`;
    return new MiniServError('ERR_ROOM_REFUSED', message, { cause: error });
  }

  /** Returns the answer of JetStream; undefined if there was none. */
  #answerOf(error: unknown): Answer | undefined {
    const { JetStreamApiError } = this.#packages.jetstream;
    const { cause, message } = error as Error;
    for (const answer of [error, cause]) if (answer instanceof JetStreamApiError) return answer;
    const { info } = this.#connection;
    // Nothing has answered for JetStream. In a cluster, another server may do so later.
    const isMissing = isWithoutJetStream(error) && info?.jetstream !== true && info?.cluster === undefined;
    return isMissing && info !== undefined ? { code: NOT_ENABLED, status: 503, message } : undefined;
  }
}

interface Answer {
  /** The error code. */
  readonly code: number;
  /** As in HTTP. */
  readonly status: number;
  readonly message: string;
}

function ruleOf({ code, status }: Answer): Rule {
  const isServerError = status >= 500;
  return RULES.get(code) ?? refused(DEFAULT_ADVICE, isServerError ? SETTLING_MS : 0);
}
