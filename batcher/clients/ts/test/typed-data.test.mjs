// fixtures/typed_data.json: receipts of an operator, and keys of wallets.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';

import {
  checkReceipt,
  contradiction,
  contradictsBlock,
  deriveKey,
  deriveSeed,
  InputError,
  keyRequest,
  keyRequestHash,
  receiptHash,
  ReceiptError,
  signerOf,
  toHex,
  WalletError,
} from '../dist/index.js';
import { fixture } from './support/fixtures.mjs';

const { receipts, wallets } = fixture('typed_data.json');

const rollupOf = ({ chainId, rollup }) => ({ chainId, address: rollup });

/** The same signature with the higher s: both hold on a curve. */
function highS(signature) {
  const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const s = (n - BigInt(`0x${signature.slice(66, 130)}`)).toString(16).padStart(64, '0');
  const v = signature.endsWith('1b') ? '1c' : '1b';
  return `${signature.slice(0, 66)}${s}${v}`;
}

test('receipts hold for their rollup, transaction and signer', () => {
  assert.equal(receipts.length, 32);
  for (const vector of receipts) {
    const { receipt, signer, hash } = vector;
    const rollup = rollupOf(vector);
    assert.equal(receiptHash(rollup, receipt), hash);
    checkReceipt(rollup, receipt, receipt.transaction, signer);
    checkReceipt(
      rollup,
      { ...receipt, signature: highS(receipt.signature) },
      receipt.transaction,
      signer,
    );
  }
});

test('a receipt that is changed anywhere does not hold', () => {
  const [vector, other] = receipts;
  const { receipt, signer } = vector;
  const rollup = rollupOf(vector);
  const fails = (changed, { of = rollup, transaction = changed.transaction, by = signer } = {}) =>
    assert.throws(
      () => checkReceipt(of, changed, transaction, by),
      (error) => error instanceof ReceiptError || error instanceof InputError,
    );
  fails(receipt, { transaction: other.receipt.transaction });
  fails(receipt, { by: other.signer });
  fails(receipt, { of: { ...rollup, chainId: rollup.chainId + 1 } });
  fails(receipt, { of: rollupOf(other) });
  for (const field of ['batch', 'block', 'position']) {
    fails({ ...receipt, [field]: receipt[field] ^ 1 });
  }
  fails({ ...receipt, state: other.receipt.state });
  fails({ ...receipt, transaction: other.receipt.transaction });
  for (const signature of [
    `0x${'00'.repeat(65)}`,
    `0x${'ff'.repeat(65)}`,
    receipt.signature.slice(0, -2),
    null,
  ]) {
    assert.throws(
      () => checkReceipt(rollup, { ...receipt, signature }, receipt.transaction, signer),
      InputError,
    );
  }
  for (const malformed of [
    { ...receipt, batch: 'one' },
    { ...receipt, block: -1 },
    { ...receipt, state: '0x' },
  ]) {
    assert.throws(() => checkReceipt(rollup, malformed, receipt.transaction, signer), InputError);
  }
});

test('contradictions are found, and agreement is none', () => {
  const hash = (byte) => toHex(new Uint8Array(32).fill(byte));
  const receipt = (transaction, block, position, state, batch = 1) => ({
    transaction: hash(transaction),
    batch,
    block,
    position,
    state: hash(state),
    signature: '0x',
  });
  const first = receipt(1, 2, 0, 4);
  for (const [second, expected] of [
    [first, undefined],
    [receipt(2, 2, 1, 4), undefined],
    [receipt(2, 3, 0, 5), undefined],
    [receipt(1, 2, 1, 4), 'one transaction is at two places'],
    [receipt(1, 3, 0, 5), 'one transaction is at two places'],
    [receipt(2, 2, 0, 4), 'one place of a block has two transactions'],
    [receipt(2, 2, 1, 5), 'one block has two states'],
    [receipt(2, 2, 2, 4, 2), 'one block is in two batches'],
  ]) {
    assert.equal(contradiction(first, second), expected);
  }
  const block = {
    number: 2,
    batch: 1,
    state: hash(4),
    operationCount: 1,
    operations: [{ transaction: hash(1) }],
  };
  for (const [changed, expected] of [
    [block, undefined],
    [{ ...block, operations: [] }, undefined],
    [{ ...block, number: 3 }, undefined],
    [{ ...block, operationCount: 0, operations: [] }, 'one place of a block has two transactions'],
    [{ ...block, operations: [{ priority: 7 }] }, 'one place of a block has two transactions'],
    [{ ...block, batch: 2 }, 'one block is in two batches'],
    [{ ...block, state: hash(5) }, 'one block has two states'],
  ]) {
    assert.equal(contradictsBlock(first, changed), expected);
  }
});

test('keys of wallets', async () => {
  assert.equal(wallets.length, 8);
  for (const vector of wallets) {
    const rollup = rollupOf(vector);
    assert.equal(keyRequestHash(rollup), vector.hash);
    const asked = [];
    const sign = async (data) => {
      asked.push(data);
      // Wallets differ in v, and some write the higher s: the key is the same.
      return asked.length === 1 ? vector.signature : highS(vector.signature);
    };
    assert.equal(toHex(await deriveSeed(rollup, vector.address, sign)), vector.seed);
    assert.deepEqual(asked, [keyRequest(rollup), keyRequest(rollup)], 'signed twice');
    const key = await deriveKey(rollup, vector.address, async () => vector.signature);
    assert.equal(key.publicKey, vector.publicKey);
    assert.ok(!JSON.stringify(key).includes(vector.seed.slice(2)));
  }
});

test('wallets that give no key are refused', async () => {
  const [vector, other] = wallets;
  const rollup = rollupOf(vector);
  const answers = (first, second = first) => {
    const waiting = [first, second];
    return async () => waiting.shift();
  };
  const refuses = (sign, pattern) =>
    assert.rejects(deriveKey(rollup, vector.address, sign), (error) => {
      assert.ok(error instanceof WalletError, error);
      assert.match(error.message, pattern);
      return true;
    });
  await refuses(answers(other.signature), /is by 0x/);
  await refuses(answers(vector.signature, other.signature), /is by 0x/);
  for (const answer of ['0x', null, undefined, `0x${'00'.repeat(65)}`, `${vector.signature}00`]) {
    await refuses(answers(answer), /no signature/);
  }
  // A wallet whose nonces are random signs otherwise the second time.
  const secret = secp256k1.utils.randomSecretKey();
  const address = toHex(keccak_256(secp256k1.getPublicKey(secret, false).subarray(1)).subarray(12));
  const random = async () => {
    const options = { prehash: false, format: 'recovered', extraEntropy: true };
    const [recovery, ...rs] = secp256k1.sign(
      Buffer.from(vector.hash.slice(2), 'hex'),
      secret,
      options,
    );
    return toHex(Uint8Array.of(...rs, 27 + recovery));
  };
  await assert.rejects(deriveKey(rollup, address, random), /in two ways/);
  await assert.rejects(deriveKey(rollup, 'me', answers(vector.signature)), InputError);
});

test('a wallet in a browser is asked as EIP-1193 says', async () => {
  const vector = wallets[0];
  const asked = [];
  const provider = { request: async (request) => (asked.push(request), vector.signature) };
  const key = await deriveKey(rollupOf(vector), vector.address, signerOf(provider, vector.address));
  assert.equal(key.publicKey, vector.publicKey);
  assert.equal(asked.length, 2);
  const [{ method, params }] = asked;
  assert.equal(method, 'eth_signTypedData_v4');
  assert.equal(params[0], vector.address);
  assert.deepEqual(JSON.parse(params[1]), keyRequest(rollupOf(vector)));
  const silent = { request: async () => null };
  await assert.rejects(
    deriveKey(rollupOf(vector), vector.address, signerOf(silent, vector.address)),
    WalletError,
  );
});
