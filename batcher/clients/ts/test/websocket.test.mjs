import assert from 'node:assert/strict';
import { test } from 'node:test';

import { WebSocket } from 'ws';

import { Client, ConnectionError, InputError, RpcError } from '../dist/index.js';
import { News } from '../dist/news.js';
import { webSocketService } from './support/service.mjs';

const HASH = `0x${'ab'.repeat(32)}`;

function connect(t, service, options = {}) {
  const client = Client.webSocket(service.url, { WebSocket, ...options });
  t.after(() => client.close());
  return client;
}

/** Answers a subscription, then sends news of it. */
const news = (send, method, subscription, results) =>
  results.forEach((result) => send({ method, params: { subscription, result } }));

test('calls are answered in any order', async (t) => {
  const waiting = [];
  const service = await webSocketService(t, ({ id, method }, send) => {
    waiting.unshift(() => send({ id, result: method }));
    if (waiting.length === 2) waiting.forEach((answer) => answer());
  });
  const client = connect(t, service);
  const answers = [client.call('cairn_info', {}), client.call('cairn_head', {})];
  assert.deepEqual(await Promise.all(answers), ['cairn_info', 'cairn_head']);
  assert.equal(service.sockets.size, 1);
});

test('errors are those of HTTP', async (t) => {
  let count = 0;
  const service = await webSocketService(t, ({ id }, send) => {
    count++;
    const data = { reason: 'rate', retryable: count === 1, retryAfterMs: 1 };
    send({ id, error: { code: 1005, message: 'slow down', data } });
  });
  await assert.rejects(
    connect(t, service).call('cairn_info', {}),
    (error) => error instanceof RpcError && error.code === 1005,
  );
  assert.equal(count, 2);
});

test('stages of a transaction, each once, to its end', async (t) => {
  const stages = ['accepted', 'inBlock', 'batched', 'committed', 'proven', 'finalized'];
  const service = await webSocketService(t, ({ id, method }, send) => {
    if (method !== 'cairn_subscribeTransaction') return;
    send({ id, result: 'sub-1' });
    news(
      send,
      'cairn_newStage',
      'sub-1',
      stages.map((stage) => ({ hash: HASH, stage })),
    );
  });
  const client = connect(t, service);
  const seen = [];
  for await (const { stage } of client.stages(HASH)) seen.push(stage);
  assert.deepEqual(seen, stages);
  // The reader has left: the service hears of it.
  await client
    .call('cairn_info', {}, { attempts: 1, signal: AbortSignal.timeout(100) })
    .catch(() => {});
  const ended = service.calls.filter(({ method }) => method === 'cairn_unsubscribeTransaction');
  assert.deepEqual(
    ended.map(({ params }) => params),
    [['sub-1']],
  );
});

test('subscriptions do not mix, and end by an error, a signal, or a lost connection', async (t) => {
  let last = 0;
  const service = await webSocketService(t, ({ id, method }, send, socket) => {
    if (method === 'cairn_head') return socket.terminate();
    if (method !== 'cairn_subscribeBlocks') return;
    send({ id, result: ++last });
    news(send, 'cairn_newBlock', last, [{ number: 10 * last }]);
    news(send, 'cairn_newBlock', 99, [{ number: 0 }]);
    const error = {
      code: 1012,
      message: 'too slow',
      data: { reason: 'too_slow', retryable: true },
    };
    if (last === 1) send({ method: 'cairn_newBlock', params: { subscription: 1, error } });
  });
  const client = connect(t, service);
  const controller = new AbortController();
  const reason = new Error('enough');
  const opened = [
    await client.subscribe('cairn_subscribeBlocks', {}),
    await client.subscribe('cairn_subscribeBlocks', {}, { signal: controller.signal }),
    await client.subscribe('cairn_subscribeBlocks', {}),
  ].map((news) => news[Symbol.asyncIterator]());
  for (const [index, blocks] of opened.entries()) {
    assert.deepEqual(await blocks.next(), { done: false, value: { number: 10 * (index + 1) } });
  }
  await assert.rejects(
    opened[0].next(),
    (error) => error instanceof RpcError && error.reason === 'too_slow',
  );
  controller.abort(reason);
  await assert.rejects(opened[1].next(), reason);
  const next = opened[2].next();
  await assert.rejects(client.call('cairn_head', {}, { attempts: 1 }), ConnectionError);
  await assert.rejects(next, ConnectionError);
  // The next call opens another connection.
  const again = await client.subscribe('cairn_subscribeBlocks', {});
  assert.equal((await again[Symbol.asyncIterator]().next()).value.number, 40);
});

test('a reader that does not read is ended, not remembered for ever', async (t) => {
  const service = await webSocketService(t, ({ id, method }, send) => {
    if (method === 'cairn_info') return send({ id, result: {} });
    if (method !== 'cairn_subscribeBlocks') return;
    send({ id, result: 1 });
    news(
      send,
      'cairn_newBlock',
      1,
      Array.from({ length: 10_001 }, (_, number) => ({ number })),
    );
  });
  const client = connect(t, service);
  const blocks = await client.subscribe('cairn_subscribeBlocks', {});
  await client.call('cairn_info', {});
  let count = 0;
  await assert.rejects(async () => {
    for await (const _ of blocks) count++;
  }, /not read/);
  assert.equal(count, 10_000);
});

test('hostile messages', async (t) => {
  const service = await webSocketService(t, ({ id, method }, send, socket) => {
    for (const text of [
      '',
      'x',
      'null',
      '[]',
      '{"id":{}}',
      '{"id":77,"result":1}',
      '{"method":"cairn_newBlock"}',
    ])
      socket.send(text);
    if (method === 'cairn_subscribeBlocks') send({ id, result: { no: 'id' } });
    else if (method === 'cairn_head') socket.send(Buffer.from([1, 2, 3]));
    else send({ id, result: 1 });
  });
  const client = connect(t, service);
  assert.equal(await client.call('cairn_info', {}), 1);
  await assert.rejects(client.subscribe('cairn_subscribeBlocks', {}), ConnectionError);
  await assert.rejects(client.call('cairn_head', {}, { attempts: 1 }), /no text/);
  assert.equal(await client.call('cairn_info', {}), 1, 'another connection');
});

test('silence, nobody there, a closed client, no WebSocket', async (t) => {
  const service = await webSocketService(t, () => {});
  const client = connect(t, service, { patienceMs: 50 });
  await assert.rejects(client.call('cairn_info', {}, { attempts: 1 }), /in time/);
  const nobody = Client.webSocket('ws://127.0.0.1:1', { WebSocket });
  await assert.rejects(
    nobody.call('cairn_info', {}, { attempts: 2 }),
    (error) => error instanceof ConnectionError && error.retryable,
  );
  const waiting = connect(t, service);
  const call = waiting.call('cairn_info', {});
  setTimeout(() => waiting.close(), 50);
  await assert.rejects(call, (error) => error instanceof ConnectionError && !error.retryable);
  await assert.rejects(waiting.call('cairn_info', {}), /closed/);
  const forbidden = class {
    constructor() {
      throw new Error('not secure');
    }
  };
  const never = Client.webSocket('ws://127.0.0.1', { WebSocket: forbidden });
  await assert.rejects(never.call('cairn_info', {}), /no WebSocket to 127.0.0.1: "not secure"/);
  assert.throws(() => Client.webSocket('http://127.0.0.1', { WebSocket }), InputError);
  if (globalThis.WebSocket === undefined) {
    assert.throws(() => Client.webSocket(service.url), /no global one/);
  }
});

test('news whose signal has spoken already end at once', async () => {
  let left = 0;
  const ended = new News(() => left++);
  const reason = new Error('enough');
  ended.endOn(AbortSignal.abort(reason));
  await assert.rejects(ended.next(), reason);
  assert.equal(left, 1, 'the service is told');
});
