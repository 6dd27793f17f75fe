// JSON-RPC 2.0: what a transport is, and what can go wrong.

import { shown } from './bytes.js';

/** How one call is made. */
export interface RequestOptions {
  /** Ends the call; what was asked may still happen. */
  readonly signal?: AbortSignal;
}

/** A connection to a service. */
export interface Transport {
  /**
   * Makes one call.
   *
   * @throws {RpcError} if the service refuses.
   * @throws {ConnectionError} if it does not answer as it should.
   */
  request(method: string, params: object, options?: RequestOptions): Promise<unknown>;
  /** Opens a subscription; transports without this have none. */
  subscribe?(
    names: SubscriptionNames,
    params: object,
    options?: RequestOptions,
  ): Promise<AsyncIterable<unknown>>;
  /** Ends it and what waits for it. */
  close(): void;
}

/** The methods of a subscription. */
export interface SubscriptionNames {
  /** Opens it. */
  readonly subscribe: string;
  /** Its messages. */
  readonly message: string;
  /** Ends it. */
  readonly unsubscribe: string;
}

/** The service refuses; docs/api.md has the codes. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  /** Stable number. */
  readonly code: number;
  /** Stable word; none from JSON-RPC itself. */
  readonly reason: string | undefined;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** How long to wait before that, milliseconds. */
  readonly retryAfterMs: number | undefined;

  /** Of the error object in an answer, whatever is in it. */
  constructor(method: string, error: unknown) {
    const { code, message, data } = record(error);
    const { reason, retryable, retryAfterMs } = record(data);
    const why = reason === undefined ? '' : `, ${shown(reason)}`;
    super(`${method}: ${shown(message, 300)} (${shown(code)}${why})`);
    this.code = typeof code === 'number' ? code : Number.NaN;
    this.reason = typeof reason === 'string' ? reason : undefined;
    this.retryable = retryable === true;
    this.retryAfterMs =
      typeof retryAfterMs === 'number' && retryAfterMs >= 0 ? retryAfterMs : undefined;
  }
}

/** No answer, or none that is JSON-RPC. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;

  /** Keeps `retryable`. */
  constructor(message: string, retryable: boolean, cause?: unknown) {
    super(message, { cause });
    this.retryable = retryable;
  }
}

/** The members of an object; none of anything else. */
export function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

/** The text of a call. */
export function encodeCall(id: number, method: string, params: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params });
}

/**
 * The result in an answer.
 *
 * @throws {RpcError} if it is an error.
 * @throws {ConnectionError} if it is neither.
 */
export function resultOf(method: string, answer: unknown): unknown {
  const { error, ...rest } = record(answer);
  if (error !== undefined && error !== null) throw new RpcError(method, error);
  if (!('result' in rest)) throw new ConnectionError(`${method}: the answer is no JSON-RPC`, false);
  return rest['result'];
}

/** JSON, or `undefined`. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * Bytes of the longest answer that is taken: more than the service's default for blocks of many
 * operations.
 */
export const MAX_ANSWER_BYTES = 32 << 20;

/** How long an answer is waited for. */
export const PATIENCE_MS = 60_000;

/** What `error` says; a URL's path and query may be secret and are never shown. */
export function reasonOf(error: unknown): string {
  const { cause } = record(error);
  const last = cause instanceof Error ? cause : error;
  return shown(last instanceof Error ? last.message || last.name : last, 200);
}
