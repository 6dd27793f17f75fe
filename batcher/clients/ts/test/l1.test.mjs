// fixtures/batch.json: a batch that L1's contracts have proven and paid; fixtures/encodings.json.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  addressBytes,
  claimCall,
  decodeWithdrawal,
  depositCall,
  InputError,
  NO_KEY,
  publicKeyToHex,
  readProvenState,
  rollupDomain,
  withdrawalsRoot,
} from '../dist/index.js';
import { fixture } from './support/fixtures.mjs';

const batch = fixture('batch.json');
const encodings = fixture('encodings.json');

test('domains', () => {
  for (const { chain_id: chainId, rollup: address, domain } of [batch, encodings]) {
    // In the files as the contract has it, 32 bytes.
    assert.equal(`0x00${rollupDomain({ chainId, address }).slice(2)}`, domain);
  }
  for (const rollup of [
    { chainId: -1, address: batch.rollup },
    { chainId: 1.5, address: batch.rollup },
    { chainId: 1, address: '0x' },
  ]) {
    assert.throws(() => rollupDomain(rollup), InputError);
  }
});

test('addresses with a mistyped letter are refused', () => {
  const address = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
  const small = addressBytes('address', address.toLowerCase());
  assert.deepEqual(addressBytes('address', address), small);
  assert.deepEqual(addressBytes('address', `0x${address.slice(2).toUpperCase()}`), small);
  for (const bad of [
    address.replace('5aA', '5aa'),
    address.slice(0, -1),
    `0X${address.slice(2)}`,
    address.replace('0x', ''),
    '',
    null,
  ]) {
    assert.throws(() => addressBytes('address', bad), InputError, bad);
  }
});

function withdrawalView({ index, word, path }) {
  const { token, recipient, amount } = decodeWithdrawal(word);
  const root = batch.withdrawals_root;
  return {
    batch: 1,
    index,
    word,
    path,
    root,
    token,
    recipient,
    amount: String(amount),
    claimable: true,
  };
}

test('withdrawals: word, path and claim', () => {
  const { token, recipient, amount, word } = encodings.withdrawal;
  assert.deepEqual(decodeWithdrawal(word), { token, recipient, amount: BigInt(amount) });
  assert.ok(batch.claims.length > 0);
  for (const claim of batch.claims) {
    const view = withdrawalView(claim);
    assert.equal(withdrawalsRoot(claim), batch.withdrawals_root);
    const data = claimCall(view);
    // Four fixed words, of which the last says where the path begins, its length, and the path.
    assert.equal(data.length, 2 + 8 + 64 * (5 + claim.path.length));
    assert.ok(data.includes(claim.word.slice(2)));
    assert.throws(
      () => claimCall({ ...view, amount: String(BigInt(view.amount) + 1n) }),
      InputError,
      'says another amount',
    );
    assert.throws(
      () => claimCall({ ...view, root: `0x${'00'.repeat(32)}` }),
      InputError,
      'another root',
    );
    assert.throws(
      () => claimCall({ ...view, index: 2 ** claim.path.length }),
      InputError,
      'bits above the path',
    );
  }
  for (const bad of [`0x31${word.slice(4)}`, '0x', word.slice(0, -2)]) {
    assert.throws(() => decodeWithdrawal(bad), InputError);
  }
});

/** Selectors as `cast sig` prints them. */
test('calls begin with their selectors', async () => {
  const key = publicKeyToHex([1n, 2n, 3n, 4n, 5n]);
  const data = depositCall(7, 1, 10n ** 18n, key);
  const word = (integer) => integer.toString(16).padStart(64, '0');
  assert.equal(data, `${SELECTORS.deposit}${[7, 1, 10n ** 18n, 1, 2, 3, 4, 5].map(word).join('')}`);
  assert.throws(() => depositCall(7, 1, 1n, NO_KEY), InputError);
  assert.ok(claimCall(withdrawalView(batch.claims[0])).startsWith(SELECTORS.claim));

  const asked = [];
  const provider = {
    request: async (request) => {
      asked.push(request);
      return batch.state;
    },
  };
  assert.equal(await readProvenState(provider, batch.rollup), batch.state);
  assert.deepEqual(asked, [
    { method: 'eth_call', params: [{ to: batch.rollup, data: SELECTORS.provenState }, 'latest'] },
  ]);
  for (const answer of ['0x', null, 7, `0x${'ff'.repeat(32)}`]) {
    await assert.rejects(
      readProvenState({ request: async () => answer }, batch.rollup),
      InputError,
    );
  }
});

const SELECTORS = { deposit: '0xf5c8fc22', claim: '0x717a1a59', provenState: '0x3ca12d1c' };
