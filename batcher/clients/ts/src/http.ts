// The transport over HTTP. It has no subscriptions.

import { InputError, shown } from './bytes.js';
import {
  ConnectionError,
  encodeCall,
  MAX_ANSWER_BYTES,
  parseJson,
  PATIENCE_MS,
  reasonOf,
  record,
  resultOf,
  type RequestOptions,
  type Transport,
} from './rpc.js';

/** How {@link httpTransport} speaks. */
export interface HttpOptions {
  /** The operator's token, for `cairn_admin_` methods. */
  readonly token?: string;
  /** How long an answer is waited for, milliseconds. */
  readonly patienceMs?: number;
  /** Another `fetch`. */
  readonly fetch?: typeof fetch;
}

/**
 * Speaks to a service at an `http://` or `https://` URL.
 *
 * @throws {InputError} on another URL.
 */
export function httpTransport(url: string, options: HttpOptions = {}): Transport {
  const { host } = parseUrl(url, ['http:', 'https:']);
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (options.token !== undefined) headers['authorization'] = `Bearer ${options.token}`;
  const closed = new AbortController();
  let lastId = 0;

  async function request(
    method: string,
    params: object,
    { signal }: RequestOptions = {},
  ): Promise<unknown> {
    signal?.throwIfAborted();
    const id = ++lastId;
    const patience = AbortSignal.timeout(options.patienceMs ?? PATIENCE_MS);
    const ends = [patience, closed.signal, ...(signal === undefined ? [] : [signal])];
    const body = encodeCall(id, method, params);
    let status: number;
    let text: string;
    try {
      const response = await (options.fetch ?? fetch)(url, {
        method: 'POST',
        headers,
        body,
        redirect: 'error',
        credentials: 'omit',
        signal: AbortSignal.any(ends),
      });
      status = response.status;
      text = await readText(response);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ConnectionError) throw error;
      const reason = patience.aborted
        ? 'no answer in time'
        : closed.signal.aborted
          ? 'closed'
          : reasonOf(error);
      throw new ConnectionError(
        `${method}: no answer from ${host}: ${reason}`,
        !closed.signal.aborted,
        error,
      );
    }
    const answer = parseJson(text);
    // An error that the service could not tell whose it is has id null, as that of a body that
    // comes too slowly.
    const { id: answered, error } = record(answer);
    if (answered === id || (answered === null && error !== undefined)) {
      return resultOf(method, answer);
    }
    // Those that are too busy to speak JSON-RPC, and proxies before them.
    const isBusy = status === 429 || (status >= 502 && status <= 504);
    throw new ConnectionError(
      `${method}: ${host} has answered with status ${status} and no JSON-RPC`,
      isBusy,
    );
  }

  return { request, close: () => closed.abort() };
}

/** The body, as far as it may go. */
async function readText(response: Response): Promise<string> {
  if (response.body === null) return '';
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let text = '';
  for (let length = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.length;
    if (length > MAX_ANSWER_BYTES) {
      await reader.cancel();
      throw new ConnectionError(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`, false);
    }
    text += decoder.decode(value, { stream: true });
  }
}

/**
 * A URL of one of these protocols.
 *
 * @throws {InputError} on another one.
 */
export function parseUrl(url: string, protocols: readonly string[]): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !protocols.includes(parsed.protocol)) {
    const got = parsed === undefined ? 'something else' : shown(parsed.protocol);
    throw new InputError(
      `URL: expected one that begins with ${protocols.join('// or ')}//, got ${got}`,
    );
  }
  return parsed;
}
