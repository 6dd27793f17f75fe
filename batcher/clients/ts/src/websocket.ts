// The transport over a WebSocket: calls and subscriptions. It connects at the first call, and again
// at the first one after the connection was lost; subscriptions end with it.

import {
  ConnectionError,
  encodeCall,
  MAX_ANSWER_BYTES,
  parseJson,
  PATIENCE_MS,
  reasonOf,
  record,
  resultOf,
  RpcError,
  type RequestOptions,
  type SubscriptionNames,
  type Transport,
} from './rpc.js';
import { InputError } from './bytes.js';
import { parseUrl } from './http.js';
import { News } from './news.js';

/** As much of a WebSocket as is used. */
export interface WebSocketLike {
  send(text: string): void;
  close(): void;
  addEventListener(
    type: 'open' | 'message' | 'close' | 'error',
    listener: (event: any) => void,
  ): void;
}

/** Opens a WebSocket. */
export type WebSocketConstructor = new (url: string) => WebSocketLike;

/** How {@link webSocketTransport} speaks. */
export interface WebSocketOptions {
  /** Needed where there is no global one: Node 20 (`import { WebSocket } from 'ws'`). */
  readonly WebSocket?: WebSocketConstructor;
  /** How long an answer is waited for, milliseconds. */
  readonly patienceMs?: number;
}

interface Pending {
  settle(answer: unknown): void;
  fail(error: unknown): void;
}

interface Connection {
  readonly socket: WebSocketLike;
  readonly pending: Map<number, Pending>;
  readonly news: Map<unknown, News>;
}

/**
 * Speaks to a service at a `ws://` or `wss://` URL.
 *
 * @throws {InputError} on another URL, or where there is no WebSocket.
 */
export function webSocketTransport(url: string, options: WebSocketOptions = {}): Transport {
  const { host } = parseUrl(url, ['ws:', 'wss:']);
  const Socket =
    options.WebSocket ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
  if (Socket === undefined) {
    throw new InputError('WebSocket: there is no global one here: give one in the options');
  }
  const patienceMs = options.patienceMs ?? PATIENCE_MS;
  let isClosed = false;
  let lastId = 0;
  let current: Promise<Connection> | undefined;
  let close = () => {};

  function connect(): Promise<Connection> {
    if (isClosed) return Promise.reject(new ConnectionError('the connection was closed', false));
    if (current !== undefined) return current;
    let socket: WebSocketLike;
    try {
      socket = new Socket!(url);
    } catch (error) {
      // As a page over https that may open no ws://.
      const reason = `no WebSocket to ${host}: ${reasonOf(error)}`;
      return Promise.reject(new ConnectionError(reason, false, error));
    }
    current = new Promise((resolve, reject) => {
      const connection: Connection = { socket, pending: new Map(), news: new Map() };
      let isEnded = false;
      const end = (reason: string) => {
        // Later events of a connection that is gone must not touch the one after it.
        if (isEnded) return;
        isEnded = true;
        current = undefined;
        const error = new ConnectionError(`the WebSocket to ${host} is gone: ${reason}`, !isClosed);
        reject(error);
        clearTimeout(timer);
        for (const { fail } of connection.pending.values()) fail(error);
        for (const news of connection.news.values()) news.end(error);
        connection.pending.clear();
        connection.news.clear();
      };
      const giveUp = (reason: string) => {
        end(reason);
        socket.close();
      };
      const timer = setTimeout(() => giveUp('it does not open in time'), patienceMs);
      close = () => giveUp('closed');
      socket.addEventListener('open', () => {
        clearTimeout(timer);
        resolve(connection);
      });
      socket.addEventListener('close', () => end('the service has closed it'));
      socket.addEventListener('error', () => end('it has failed'));
      socket.addEventListener('message', ({ data }: { data: unknown }) => {
        if (typeof data !== 'string' || data.length > MAX_ANSWER_BYTES) {
          giveUp('a message is too long or no text');
        } else {
          receive(connection, parseJson(data));
        }
      });
    });
    return current;
  }

  function receive({ pending, news }: Connection, message: unknown): void {
    const { id, method, params } = record(message);
    const waiting = typeof id === 'number' ? pending.get(id) : undefined;
    if (waiting !== undefined) {
      pending.delete(id as number);
      waiting.settle(message);
    } else if (typeof method === 'string') {
      const { subscription, result, error } = record(params);
      const of = news.get(subscription);
      if (error !== undefined) {
        of?.end(new RpcError(method, error));
        news.delete(subscription);
      } else {
        of?.push(result);
      }
    }
  }

  /** One call; `receiveResult` sees the result before any message that follows it. */
  async function request<T>(
    method: string,
    params: object,
    { signal }: RequestOptions,
    receiveResult: (result: unknown, connection: Connection) => T,
  ): Promise<T> {
    signal?.throwIfAborted();
    const connection = await connect();
    signal?.throwIfAborted();
    const { socket, pending } = connection;
    const id = ++lastId;
    let cleanUp = () => {};
    const answer = new Promise<T>((resolve, reject) => {
      const settle = (message: unknown) => {
        try {
          resolve(receiveResult(resultOf(method, message), connection));
        } catch (error) {
          reject(error);
        }
      };
      pending.set(id, { settle, fail: reject });
      const late = () =>
        reject(new ConnectionError(`${method}: no answer from ${host} in time`, true));
      const timer = setTimeout(late, patienceMs);
      const abort = () => reject(signal!.reason);
      signal?.addEventListener('abort', abort, { once: true });
      cleanUp = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        pending.delete(id);
      };
    });
    try {
      socket.send(encodeCall(id, method, params));
      return await answer;
    } finally {
      cleanUp();
    }
  }

  return {
    request: (method, params, options = {}) => request(method, params, options, (result) => result),
    async subscribe(names: SubscriptionNames, params: object, options: RequestOptions = {}) {
      return request(names.subscribe, params, options, (id, connection) => {
        if (typeof id !== 'number' && typeof id !== 'string') {
          throw new ConnectionError(`${names.subscribe}: expected a subscription's id`, false);
        }
        const news = new News(() => {
          // Whether the service hears of it does not matter: what it still sends is passed over.
          if (!connection.news.delete(id)) return;
          connection.socket.send(encodeCall(++lastId, names.unsubscribe, [id]));
        });
        connection.news.set(id, news);
        if (options.signal !== undefined) news.endOn(options.signal);
        return news;
      });
    },
    close() {
      isClosed = true;
      close();
    },
  };
}
