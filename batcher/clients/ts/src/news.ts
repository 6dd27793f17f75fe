// What a subscription sends, for one reader.

import { ConnectionError } from './rpc.js';

/** Messages that wait for their reader; more end the subscription. */
const MOST_WAITING = 10_000;

/** Messages in their order, for `for await`. Leaving the loop ends the subscription. */
export class News implements AsyncIterable<unknown>, AsyncIterator<unknown> {
  readonly #waiting: unknown[] = [];
  readonly #unsubscribe: () => void;
  #wake: (() => void) | undefined;
  #end: { readonly error: unknown } | undefined;

  /** `unsubscribe` is called once the reader leaves. */
  constructor(unsubscribe: () => void) {
    this.#unsubscribe = unsubscribe;
  }

  /** Leaves with the signal's reason once it says so: now, if it has said so already. */
  endOn(signal: AbortSignal): void {
    if (signal.aborted) this.#leave(signal.reason);
    else signal.addEventListener('abort', () => this.#leave(signal.reason), { once: true });
  }

  /** Takes a message. */
  push(message: unknown): void {
    if (this.#end !== undefined) return;
    if (this.#waiting.length >= MOST_WAITING) {
      this.#leave(
        new ConnectionError(`${MOST_WAITING} messages of the subscription were not read`, true),
      );
      return;
    }
    this.#waiting.push(message);
    this.#wake?.();
  }

  /** Ends it, for the reader after the messages that wait. */
  end(error: unknown): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  #leave(error: unknown): void {
    this.end(error);
    this.#unsubscribe();
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return this;
  }

  /** The next message; rejects with what has ended the subscription. One reader at a time. */
  async next(): Promise<IteratorResult<unknown>> {
    for (;;) {
      if (this.#waiting.length > 0) return { done: false, value: this.#waiting.shift() };
      if (this.#end?.error !== undefined) throw this.#end.error;
      if (this.#end !== undefined) return { done: true, value: undefined };
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The reader leaves. */
  async return(): Promise<IteratorResult<unknown>> {
    this.#waiting.length = 0;
    this.#leave(undefined);
    return { done: true, value: undefined };
  }
}
