// Against a running `cairn run --dev`: CAIRN_URL=http://127.0.0.1:8650 npm run live
//
// CAIRN_L1_URL, its L1, has an account proven against the contract too. CAIRN_STAGE is the stage to
// wait for (inBlock).

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { WebSocket } from 'ws';

import {
  checkProof,
  checkReceipt,
  Client,
  readProvenState,
  rollupDomain,
  RpcError,
  SecretKey,
  signTransaction,
} from '../dist/index.js';
import { readme } from './support/readme.mjs';

const url = process.env.CAIRN_URL;
const l1 = process.env.CAIRN_L1_URL;
const stage = process.env.CAIRN_STAGE ?? 'inBlock';
const skip = url === undefined && 'CAIRN_URL is not set';

/** Everyone has the keys of development accounts. */
const seedOf = (index) => new TextEncoder().encode(`cairn development account ${index}`);

/** An account of development account `index`, of the token if one is given. */
async function accountOf(client, index, token) {
  const { publicKey } = SecretKey.fromSeed(seedOf(index));
  const { accounts } = await client.call('cairn_accountsOf', { key: publicKey });
  const account = accounts.find((account) => token === undefined || account.token === token);
  assert.ok(account, `development account ${index} has no account: is this cairn run --dev?`);
  return account;
}

test('a transfer between two development accounts', { skip, timeout: 3_600_000 }, async () => {
  const client = Client.http(url);
  const info = await client.call('cairn_info', {});
  const rollup = { chainId: info.chainId, address: info.rollup };
  assert.equal(rollupDomain(rollup), info.domain);
  const from = await accountOf(client, 0);
  const to = await accountOf(client, 1, from.token);

  const { pay } = await readme();
  const amount = 1_000n;
  const seen = await pay({
    url,
    rollup,
    seed: seedOf(0),
    token: from.token,
    to: to.id,
    amount,
    maxFee: 1n << 62n,
    stage,
  });
  assert.deepEqual(
    [seen.from, seen.to, seen.amount, seen.nonce],
    [from.id, to.id, '1000', from.nextNonce],
  );
  const paid = await accountOf(client, 1, from.token);
  assert.equal(BigInt(paid.balance) - BigInt(to.balance), amount);

  const receipt = await client.call('cairn_receipt', { hash: seen.hash });
  checkReceipt(rollup, receipt, seen.hash, info.receiptSigner);
  const block = await client.call('cairn_block', { number: receipt.block });
  assert.deepEqual(block.operations[receipt.position], { transaction: seen.hash });

  const again = await client.call('cairn_submit', { transaction: seen.bytes });
  assert.deepEqual(
    again,
    { hash: seen.hash, sequence: seen.sequence },
    'the same transaction again',
  );

  const webSocket = Client.webSocket(url.replace(/^http/, 'ws'), { WebSocket });
  for await (const news of webSocket.stages(seen.hash)) {
    assert.equal(news.hash, seen.hash);
    if (news.stage === 'inBlock') break;
  }
  assert.deepEqual(await webSocket.call('cairn_info', {}), info);
  webSocket.close();
});

test('what the operator refuses is said, and not tried again', { skip }, async () => {
  const client = Client.http(url);
  const info = await client.call('cairn_info', {});
  const { id, token, nonce } = await accountOf(client, 2);
  const common = {
    from: id,
    nonce,
    token,
    amount: 1n,
    fee: 1_000_000n,
    recipient: `0x${'11'.repeat(20)}`,
  };
  const withdrawal = { type: 'withdraw', ...common };
  const refused = (signed) =>
    assert.rejects(client.submit(signed), (error) => error instanceof RpcError && !error.retryable);
  await refused(signTransaction(SecretKey.fromSeed(seedOf(3)), info.domain, withdrawal));
  await refused(signTransaction(SecretKey.fromSeed(seedOf(2)), `0x${'11'.repeat(31)}`, withdrawal));
});

/** A node of L1, as far as it is asked here. */
const provider = {
  async request({ method, params }) {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const response = await fetch(l1, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    return (await response.json()).result;
  },
};

test(
  'an account is proven against L1',
  { skip: skip || (l1 === undefined && 'CAIRN_L1_URL is not set') },
  async () => {
    const client = Client.http(url);
    const { rollup } = await client.call('cairn_info', {});
    const { id, key } = await accountOf(client, 0);
    const proof = await client.call('cairn_proof', { id });
    const account = checkProof(proof, id, await readProvenState(provider, rollup));
    // In the genesis state of a young rollup there are no accounts yet.
    assert.ok(account.key === key || proof.batch === 0, account.key);
  },
);
