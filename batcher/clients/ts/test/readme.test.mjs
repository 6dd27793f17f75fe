// README.md's code, against a service that checks what it is sent.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  decodeTransaction,
  rollupDomain,
  SecretKey,
  transactionHash,
  verify,
} from '../dist/index.js';
import { readme } from './support/readme.mjs';
import { httpService } from './support/service.mjs';

const rollup = { chainId: 31337, address: `0x${'11'.repeat(20)}` };
const seed = new Uint8Array(32).fill(1);
const [payer, payee] = [seed, new Uint8Array(32).fill(2)].map(
  (seed) => SecretKey.fromSeed(seed).publicKey,
);

/** A rollup of two accounts, as far as this needs one. */
function operator() {
  const stages = ['accepted', 'inBlock', 'proven', 'finalized'];
  let submitted;
  return ({ method, params }) => {
    switch (method) {
      case 'cairn_accountsOf':
        assert.equal(params.key, payer);
        return {
          result: {
            accounts: [
              { id: 7, token: 3, nextNonce: 0 },
              { id: 65_536, token: 0, nextNonce: 5 },
            ],
          },
        };
      case 'cairn_account':
        return { result: { id: params.id, key: payee } };
      case 'cairn_estimateFee':
        return { result: { fee: '2047' } };
      case 'cairn_submit': {
        const { transaction, signature } = decodeTransaction(params.transaction);
        const hash = transactionHash(rollupDomain(rollup), transaction);
        assert.ok(verify(payer, hash, signature));
        assert.deepEqual(transaction, {
          type: 'transfer',
          from: 65_536,
          nonce: 5,
          token: 0,
          to: 65_537,
          payeeKey: payee,
          amount: 1_500_000n,
          fee: 2047n,
          expiry: 0,
        });
        submitted = hash;
        return { result: { hash, sequence: 0 } };
      }
      case 'cairn_transaction':
        assert.equal(params.hash, submitted);
        return { result: { hash: submitted, life: { stage: stages.shift() } } };
      default:
        throw new Error(method);
    }
  };
}

test('from a key to a finalized transfer', async (t) => {
  const service = await httpService(t, operator());
  const { pay } = await readme();
  const seen = await pay({
    url: service.url,
    rollup,
    seed,
    token: 0,
    to: 65_537,
    amount: 1_500_000n,
    maxFee: 2047n,
  });
  assert.equal(seen.life.stage, 'finalized');
});

test('a fee above the most that is paid', async (t) => {
  const service = await httpService(t, operator());
  const { pay } = await readme();
  const order = { url: service.url, rollup, seed, token: 0, to: 65_537, amount: 1_500_000n };
  await assert.rejects(pay({ ...order, maxFee: 2046n }), /fee of 2047, at most 2046/);
  assert.ok(!service.calls.some(({ method }) => method === 'cairn_submit'), 'nothing is sent');
});
