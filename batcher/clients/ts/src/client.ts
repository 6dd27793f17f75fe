// A typed client of the operator's API (docs/api.md).

import { fromHex, InputError, shown, toHex, type Hex } from './bytes.js';
import { httpTransport, type HttpOptions } from './http.js';
import { ConnectionError, RpcError, type RequestOptions, type Transport } from './rpc.js';
import {
  SUBSCRIPTIONS,
  type Methods,
  type OwnedAccounts,
  type Stage,
  type StageNews,
  type Submitted,
  type Subscriptions,
  type TransactionView,
} from './rpc-types.js';
import type { SignedTransaction } from './transaction.js';
import { webSocketTransport, type WebSocketOptions } from './websocket.js';

/** How often a call is made that fails with an error which says that it may be repeated. */
const ATTEMPTS = 5;
/** The pause between two attempts, milliseconds: grows from the first to the second. */
const RETRY_PAUSES = [50, 5_000] as const;
/** The same between two questions of {@link Client.wait}. */
const WAIT_PAUSES = [50, 2_000] as const;
/** How long {@link Client.wait} waits unless told otherwise. */
const WAIT_MS = 600_000;
/** Accounts that {@link Client.accountsOf} reads unless told otherwise. */
const MOST_ACCOUNTS = 10_000;

/** How one call is made. */
export interface CallOptions extends RequestOptions {
  /** How often it is made at most, where its errors say that it may be repeated. */
  readonly attempts?: number;
}

/** How {@link Client.wait} waits. */
export interface WaitOptions extends RequestOptions {
  /** Milliseconds; 10 minutes if not given, `Infinity` for no end. */
  readonly timeout?: number;
}

/** How accounts are read. */
export interface AccountsOptions extends CallOptions {
  /** No further answer is asked for once there are so many; 10,000 if not given. */
  readonly most?: number;
}

/** Stages that a transaction can be waited for. */
export type AwaitedStage = Exclude<Stage, 'dropped'>;

/** In their order. */
const STAGES: readonly AwaitedStage[] = [
  'accepted',
  'inBlock',
  'batched',
  'committed',
  'proven',
  'finalized',
];

/** Why a transaction has not reached a stage. */
export class WaitError extends Error {
  override readonly name = 'WaitError';
  /** `unknown`: never accepted; `dropped`: it never will be executed; `timeout`: not yet. */
  readonly reason: 'unknown' | 'dropped' | 'timeout';
  /** The last that was seen of it. */
  readonly seen: TransactionView | undefined;

  /** Keeps what is known. */
  constructor(message: string, reason: WaitError['reason'], seen?: TransactionView) {
    super(message);
    this.reason = reason;
    this.seen = seen;
  }
}

/**
 * A connection to a service. What it answers is the operator's word: see `checkReceipt` and
 * `checkProof`.
 */
export class Client {
  readonly #transport: Transport;

  /** Speaks over any transport. */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Speaks HTTP to a service. It has no subscriptions.
   *
   * @throws {InputError} on a URL that is not `http://` or `https://`.
   */
  static http(url: string, options?: HttpOptions): Client {
    return new Client(httpTransport(url, options));
  }

  /**
   * Speaks to a service over a WebSocket, which is opened at the first call. Node 20 has no global
   * WebSocket: give one.
   *
   * @throws {InputError} on a URL that is not `ws://` or `wss://`, or where there is no WebSocket.
   */
  static webSocket(url: string, options?: WebSocketOptions): Client {
    return new Client(webSocketTransport(url, options));
  }

  /**
   * Calls a method; again where the error says that this may help. All of them may be repeated:
   * they read, and submission is known by its hash. Those of the operator (`cairn_admin_`) are
   * called once.
   *
   * @throws {RpcError} if the service refuses.
   * @throws {ConnectionError} if it does not answer.
   */
  async call<M extends keyof Methods>(
    method: M,
    params: Methods[M]['params'],
    options: CallOptions = {},
  ): Promise<Methods[M]['result']> {
    const attempts = method.startsWith('cairn_admin_') ? 1 : (options.attempts ?? ATTEMPTS);
    let [pause, longest] = RETRY_PAUSES as readonly [number, number];
    for (let attempt = 1; ; attempt++) {
      try {
        return (await this.#transport.request(method, params, options)) as Methods[M]['result'];
      } catch (error) {
        if (!isRetryable(error) || attempt >= attempts) throw error;
        const asked = error instanceof RpcError ? error.retryAfterMs : undefined;
        await sleep(Math.min(asked ?? pause, longest), options.signal);
        pause *= 2;
      }
    }
  }

  /**
   * Opens a subscription; its messages are read with `for await`, and leaving that loop ends it. It
   * ends with an error if the connection is lost or the reader is too slow.
   *
   * @throws {InputError} over HTTP.
   * @throws as {@link call}.
   */
  async subscribe<S extends keyof Subscriptions>(
    subscription: S,
    params: Subscriptions[S]['params'],
    options: RequestOptions = {},
  ): Promise<AsyncIterable<Subscriptions[S]['news']>> {
    if (this.#transport.subscribe === undefined) {
      throw new InputError('subscriptions need a WebSocket');
    }
    const news = await this.#transport.subscribe(SUBSCRIPTIONS[subscription], params, options);
    return news as AsyncIterable<Subscriptions[S]['news']>;
  }

  /**
   * The accounts that a key has, of as many answers as they take; the lowest id first. `more` is
   * not null if there are others beyond the bound: strangers can make accounts for any key.
   *
   * @throws {ConnectionError} if the answers do not go on from one another.
   * @throws as {@link call}.
   */
  async accountsOf(key: Hex, options: AccountsOptions = {}): Promise<OwnedAccounts> {
    const accounts: OwnedAccounts['accounts'] = [];
    let from: number | null = null;
    do {
      const asked: number | null = from;
      const params = { key, from: asked };
      const answer: OwnedAccounts = await this.call('cairn_accountsOf', params, options);
      from = answer?.more ?? null;
      const isNext = from === null || (Number.isSafeInteger(from) && from > (asked ?? -1));
      if (!Array.isArray(answer?.accounts) || !isNext) {
        throw new ConnectionError('cairn_accountsOf: the answer is malformed', false);
      }
      // Without an account in it, an answer leads nowhere.
      if (from !== null && answer.accounts.length === 0) break;
      accounts.push(...answer.accounts);
    } while (from !== null && accounts.length < (options.most ?? MOST_ACCOUNTS));
    return { accounts, more: from };
  }

  /**
   * Submits a transaction. Resolves when it is on the operator's disk. The same transaction again
   * is no second one, so it is safe to repeat this after any failure.
   *
   * @throws as {@link call}.
   */
  async submit(signed: SignedTransaction, options?: CallOptions): Promise<Submitted> {
    const submitted = await this.call('cairn_submit', { transaction: signed.bytes }, options);
    if (submitted?.hash !== signed.hash) {
      throw new ConnectionError(
        'cairn_submit: the service has answered with the hash of another transaction',
        false,
      );
    }
    return submitted;
  }

  /**
   * Waits until a transaction has reached a stage. While the service does not answer, or says that
   * it is too busy, it is asked again until the time is over.
   *
   * @throws {InputError} on a stage that there is not.
   * @throws {WaitError} if it is unknown, dropped or late.
   * @throws {RpcError} if the service refuses for good.
   * @throws {ConnectionError} if it answers with something else, or another transaction.
   */
  async wait(hash: Hex, stage: AwaitedStage, options: WaitOptions = {}): Promise<TransactionView> {
    const name = toHex(fromHex('hash', hash, 32));
    if (!STAGES.includes(stage)) {
      throw new InputError(`stage: expected one of ${STAGES.join(', ')}, got ${shown(stage)}`);
    }
    const end = performance.now() + (options.timeout ?? WAIT_MS);
    let [pause, longest] = WAIT_PAUSES as readonly [number, number];
    let seen: TransactionView | undefined;
    for (;;) {
      let got = 'not known: the service does not answer';
      try {
        const answer = await this.call(
          'cairn_transaction',
          { hash: name },
          { ...options, attempts: 1 },
        );
        if (answer === null) {
          throw new WaitError(`transaction ${name}: the operator does not know it`, 'unknown');
        }
        if (typeof answer?.life?.stage !== 'string') {
          throw new ConnectionError('cairn_transaction: the answer is malformed', false);
        }
        if (answer.hash !== name) {
          throw new ConnectionError(
            'cairn_transaction: the service has answered with another transaction',
            false,
          );
        }
        seen = answer;
        got = seen.life.stage;
        if (hasReached(seen, stage)) return seen;
      } catch (error) {
        if (!isRetryable(error)) throw error;
      }
      const left = end - performance.now();
      if (!(left > 0)) {
        throw new WaitError(`transaction ${name} is ${got}, expected ${stage}`, 'timeout', seen);
      }
      await sleep(Math.min(pause, left), options.signal);
      pause = Math.min(2 * pause, longest);
    }
  }

  /**
   * Every stage of a transaction, once, those reached already first; ends with `finalized` or
   * `dropped`. Over a WebSocket.
   *
   * @throws as {@link subscribe}.
   */
  async *stages(hash: Hex, options?: RequestOptions): AsyncGenerator<StageNews, void, undefined> {
    for await (const news of await this.subscribe(
      'cairn_subscribeTransaction',
      { hash },
      options,
    )) {
      yield news;
      if (news.stage === 'finalized' || news.stage === 'dropped') return;
    }
  }

  /** Ends the connection and what waits for it. */
  close(): void {
    this.#transport.close();
  }
}

function isRetryable(error: unknown): boolean {
  return (error instanceof RpcError || error instanceof ConnectionError) && error.retryable;
}

function hasReached(seen: TransactionView, stage: AwaitedStage): boolean {
  const { dropped, stage: got } = seen.life;
  if (got === 'dropped') {
    throw new WaitError(
      `transaction ${seen.hash} was dropped: ${dropped?.reason}`,
      'dropped',
      seen,
    );
  }
  return STAGES.indexOf(got) >= STAGES.indexOf(stage);
}

/** Waits; rejects with the signal's reason if that comes first. */
function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
