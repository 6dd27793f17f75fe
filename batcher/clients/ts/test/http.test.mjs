import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Client, ConnectionError, InputError, RpcError, WaitError } from '../dist/index.js';
import { httpService } from './support/service.mjs';

const HASH = `0x${'ab'.repeat(32)}`;

const failure = (code, data, message = 'no') => ({ error: { code, message, data } });
const busy = (retryAfterMs) => failure(1013, { reason: 'busy', retryable: true, retryAfterMs });
const at = (stage, life = {}) => ({ result: { hash: HASH, life: { stage, ...life } } });

test('a call and its answer', async (t) => {
  const service = await httpService(t, () => ({ result: { version: '1' } }));
  const client = Client.http(service.url, { token: 'secret' });
  assert.deepEqual(await client.call('cairn_info', {}), { version: '1' });
  const [{ jsonrpc, method, params, headers }] = service.calls;
  assert.deepEqual([jsonrpc, method, params], ['2.0', 'cairn_info', {}]);
  assert.equal(headers.authorization, 'Bearer secret');
  assert.equal(headers['content-type'], 'application/json');
});

test('what may be repeated is, after the pause that the service asks for', async (t) => {
  const service = await httpService(t, (_, count) => (count < 3 ? busy(120) : { result: {} }));
  const start = performance.now();
  await Client.http(service.url).call('cairn_info', {});
  assert.equal(service.calls.length, 3);
  assert.ok(performance.now() - start >= 235, 'twice 120 ms');
});

test('what may not be repeated is not', async (t) => {
  const refusals = [
    failure(1002, { reason: 'nonce', retryable: false }),
    failure(-32601, undefined),
    failure(1002, 'hostile'),
    failure('x', { reason: 7, retryable: 'yes', retryAfterMs: -1 }),
    { error: 'a text' },
  ];
  for (const refusal of refusals) {
    const service = await httpService(t, () => refusal);
    await assert.rejects(
      Client.http(service.url).call('cairn_info', {}),
      (error) => error instanceof RpcError && !error.retryable,
    );
    assert.equal(service.calls.length, 1);
  }
  const service = await httpService(t, () => busy(1));
  await assert.rejects(Client.http(service.url).call('cairn_admin_seal', {}), RpcError);
  assert.equal(service.calls.length, 1, "operators' tools are called once");
  await assert.rejects(Client.http(service.url).call('cairn_info', {}, { attempts: 3 }), RpcError);
  assert.equal(service.calls.length, 4);
});

test('errors say what the service says, and show no control characters', async (t) => {
  const message = `red \u001b[31m \u202e ${'x'.repeat(1_000)}`;
  const service = await httpService(t, () =>
    failure(1002, { reason: 'fee', retryable: false }, message),
  );
  await assert.rejects(Client.http(service.url).call('cairn_info', {}), (error) => {
    assert.deepEqual([error.code, error.reason, error.retryable], [1002, 'fee', false]);
    assert.ok(error.message.startsWith('cairn_info: "red') && error.message.length < 400);
    assert.doesNotMatch(error.message, /[\u0000-\u001f\u202e]/);
    return true;
  });
});

test('what is no JSON-RPC is one error', async (t) => {
  const answers = [
    [{ status: 200, body: '<html>' }, false],
    [{ status: 200, body: 'null' }, false],
    [{ status: 200, body: '[]' }, false],
    [{ status: 200, body: '{"jsonrpc":"2.0","id":999,"result":1}' }, false],
    [{ status: 200, body: '{"jsonrpc":"2.0","id":null,"result":1}' }, false],
    [{ status: 404, body: 'no' }, false],
    [{ status: 429, body: '' }, true],
    [{ status: 503, body: 'busy' }, true],
  ];
  for (const [answer, retryable] of answers) {
    const service = await httpService(t, () => answer);
    await assert.rejects(
      Client.http(service.url).call('cairn_info', {}, { attempts: 1 }),
      (error) => {
        assert.ok(error instanceof ConnectionError, error);
        assert.equal(error.retryable, retryable, JSON.stringify(answer));
        return true;
      },
    );
  }
  const late = {
    status: 408,
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: null,
      ...failure(1009, { reason: 'timeout', retryable: true }),
    }),
  };
  const service = await httpService(t, () => late);
  await assert.rejects(
    Client.http(service.url).call('cairn_info', {}, { attempts: 1 }),
    (error) => error instanceof RpcError && error.code === 1009,
  );
});

test('answers without an end are given up', async (t) => {
  const long = '"'.padEnd(33 << 20, 'x');
  const service = await httpService(t, () => ({ status: 200, body: long }));
  await assert.rejects(
    Client.http(service.url).call('cairn_info', {}),
    (error) => /longer than/.test(error.message) && !error.retryable,
  );
  const silent = await httpService(t, () => undefined);
  const client = Client.http(silent.url, { patienceMs: 50 });
  await assert.rejects(client.call('cairn_info', {}, { attempts: 1 }), /no answer in time/);
});

test('nobody there, a closed client, a signal', async (t) => {
  const silent = await httpService(t, () => undefined);
  const gone = Client.http('http://127.0.0.1:1/secret?key=secret');
  await assert.rejects(gone.call('cairn_info', {}, { attempts: 2 }), (error) => {
    assert.ok(error instanceof ConnectionError && error.retryable);
    assert.ok(
      error.message.includes('127.0.0.1:1') && !error.message.includes('secret'),
      error.message,
    );
    return true;
  });
  const client = Client.http(silent.url);
  const reason = new Error('enough');
  const controller = new AbortController();
  const waiting = client.call('cairn_info', {}, { signal: controller.signal });
  setTimeout(() => controller.abort(reason), 20);
  await assert.rejects(waiting, reason);
  await assert.rejects(client.call('cairn_info', {}, { signal: controller.signal }), reason);
  const other = client.call('cairn_info', {});
  setTimeout(() => client.close(), 20);
  await assert.rejects(other, (error) => error instanceof ConnectionError && !error.retryable);
  for (const url of ['ws://127.0.0.1', 'file:///etc/passwd', '127.0.0.1:8650', '']) {
    assert.throws(() => Client.http(url), InputError);
  }
  await assert.rejects(Client.http(silent.url).subscribe('cairn_subscribeBlocks', {}), InputError);
});

test('submission is repeated, and must be answered with its hash', async (t) => {
  const signed = { hash: HASH, bytes: '0x01' };
  const service = await httpService(t, (_, count) =>
    count === 1 ? busy(1) : { result: { hash: HASH, sequence: 7 } },
  );
  assert.deepEqual(await Client.http(service.url).submit(signed), { hash: HASH, sequence: 7 });
  assert.deepEqual(
    service.calls.map(({ params }) => params),
    [{ transaction: '0x01' }, { transaction: '0x01' }],
  );
  await assert.rejects(
    Client.http(service.url).submit({ ...signed, hash: `0x${'cd'.repeat(32)}` }),
    ConnectionError,
  );
});

test('waiting for a stage', async (t) => {
  const lives = [at('accepted'), busy(1), { status: 503, body: '' }, at('inBlock'), at('proven')];
  const service = await httpService(t, (_, count) => lives[Math.min(count, lives.length) - 1]);
  const client = Client.http(service.url);
  const seen = await client.wait(HASH, 'committed', { timeout: 10_000 });
  assert.equal(seen.life.stage, 'proven', 'a later stage is enough');
  assert.equal(service.calls.length, 5);
  assert.deepEqual(service.calls[0].params, { hash: HASH });

  await assert.rejects(client.wait(HASH, 'finalized', { timeout: 150 }), (error) => {
    assert.ok(
      error instanceof WaitError &&
        error.reason === 'timeout' &&
        error.seen.life.stage === 'proven',
    );
    return true;
  });
  const reason = new Error('enough');
  await assert.rejects(
    client.wait(HASH, 'finalized', { signal: AbortSignal.abort(reason) }),
    reason,
  );
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 100);
  await assert.rejects(client.wait(HASH, 'finalized', { signal: controller.signal }), reason);
  await assert.rejects(client.wait('0x', 'finalized'), InputError);
  await assert.rejects(client.wait(HASH, 'finalised'), /expected one of accepted, .*finalised/);
});

test('what never reaches a stage', async (t) => {
  const dropped = at('dropped', { dropped: { reason: 'expired', message: 'late' } });
  const ends = [
    [dropped, 'dropped'],
    [{ result: null }, 'unknown'],
  ];
  for (const [answer, reason] of ends) {
    const service = await httpService(t, () => answer);
    await assert.rejects(
      Client.http(service.url).wait(HASH, 'inBlock'),
      (error) => error instanceof WaitError && error.reason === reason,
    );
  }
  const service = await httpService(t, () =>
    failure(-32602, { reason: 'invalid_params', retryable: false }),
  );
  await assert.rejects(Client.http(service.url).wait(HASH, 'inBlock'), RpcError);
  assert.equal(service.calls.length, 1);
  for (const result of [7, {}, { life: null }, { life: { stage: 1 } }]) {
    const { url } = await httpService(t, () => ({ result }));
    await assert.rejects(Client.http(url).wait(HASH, 'inBlock'), /malformed/);
  }
  const other = { hash: `0x${'cd'.repeat(32)}`, life: { stage: 'finalized' } };
  const liar = await httpService(t, () => ({ result: other }));
  await assert.rejects(Client.http(liar.url).wait(HASH, 'inBlock'), /another transaction/);
  const gone = Client.http('http://127.0.0.1:1').wait(HASH, 'inBlock', { timeout: 200 });
  await assert.rejects(
    gone,
    (error) => error instanceof WaitError && /does not answer/.test(error.message),
  );
});

test('accounts of all answers, to a bound', async (t) => {
  const answer = ({ params: { from } }) => {
    const id = from ?? 0;
    return { result: { accounts: [{ id }, { id: id + 1 }], more: id < 6 ? id + 2 : null } };
  };
  const service = await httpService(t, answer);
  const client = Client.http(service.url);
  const ids = async (options) => {
    const { accounts, more } = await client.accountsOf('0x01', options);
    return [accounts.map(({ id }) => id), more];
  };
  assert.deepEqual(await ids(), [[0, 1, 2, 3, 4, 5, 6, 7], null]);
  assert.deepEqual(await ids({ most: 3 }), [[0, 1, 2, 3], 4], 'there are more');
  const bad = [
    null,
    { accounts: 'x' },
    { accounts: [], more: 'x' },
    { accounts: [{ id: 1 }], more: 1.5 },
  ];
  for (const result of bad) {
    const { url } = await httpService(t, () => ({ result }));
    await assert.rejects(Client.http(url).accountsOf('0x01'), /malformed/);
  }
  const stuck = await httpService(t, () => ({ result: { accounts: [{ id: 5 }], more: 5 } }));
  await assert.rejects(Client.http(stuck.url).accountsOf('0x01'), /malformed/);
  assert.equal(stuck.calls.length, 2, 'an answer that does not go on is no loop');
});
