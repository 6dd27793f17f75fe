// What a client needs of L1: the proven state, and the calls that bring money in and out. The calls
// are data for a wallet to send; nothing is sent here.

import { keccak_256 } from '@noble/hashes/sha3.js';

import { addressBytes } from './address.js';
import {
  concat,
  fromBigEndian,
  fromHex,
  InputError,
  shown,
  toHex,
  unsigned,
  type Hex,
} from './bytes.js';
import { keccakOfText, word } from './ethereum.js';
import { digestFromHex } from './hash.js';
import { publicKeyFromHex } from './public-key.js';
import type { WithdrawalView } from './rpc-types.js';
import type { Eip1193Provider } from './wallet.js';

function call(signature: string, ...words: Uint8Array[]): Hex {
  return toHex(concat(keccakOfText(signature).subarray(0, 4), ...words));
}

/**
 * The contract's `provenState()`, for `checkProof`. Trust: the provider's node.
 *
 * @throws {InputError} if the node answers with something else.
 */
export async function readProvenState(provider: Eip1193Provider, rollup: string): Promise<Hex> {
  const to = toHex(addressBytes('rollup', rollup));
  const params = [{ to, data: call('provenState()') }, 'latest'];
  const answer = await provider.request({ method: 'eth_call', params });
  if (typeof answer !== 'string') {
    throw new InputError(`provenState: expected 32 bytes of hex, got ${shown(answer)}`);
  }
  digestFromHex('provenState', answer);
  return answer as Hex;
}

/**
 * Data of custody's `deposit`. `account` is one of this key and token, or any other for a new one;
 * `amount` is in the token's base units, a whole number of quanta. The transaction's value is L1's
 * fee for it, and for ETH the amount besides.
 *
 * @throws {InputError} on what is malformed.
 */
export function depositCall(account: number, token: number, amount: bigint, publicKey: Hex): Hex {
  return call(
    'deposit(uint32,uint16,uint256,uint64[5])',
    word(unsigned('account', account, 32)),
    word(unsigned('token', token, 16)),
    word(unsigned('amount', amount, 256)),
    ...publicKeyFromHex('key', publicKey).map(word),
  );
}

/** A payment that L1 owes. */
export interface Withdrawal {
  readonly token: number;
  /** The address that is paid. */
  readonly recipient: Hex;
  /** Quanta. */
  readonly amount: bigint;
}

const WITHDRAWAL_TAG = 0x30n;

/**
 * What a withdrawal's word of 31 bytes says.
 *
 * @throws {InputError} if it is none.
 */
export function decodeWithdrawal(text: string): Withdrawal {
  const integer = fromBigEndian(fromHex('word', text, 31));
  if (integer >> 240n !== WITHDRAWAL_TAG) {
    throw new InputError('word: expected that of a withdrawal');
  }
  const [head, middle, low, amount] = [186n, 124n, 62n, 0n].map((shift) =>
    BigInt.asUintN(62, integer >> shift),
  ) as [bigint, bigint, bigint, bigint];
  if (BigInt.asUintN(54, head) >> 52n !== 0n) {
    throw new InputError('word: expected zeros between tag and token');
  }
  const address = (BigInt.asUintN(36, head) << 124n) | (middle << 62n) | low;
  return {
    token: Number(BigInt.asUintN(16, head >> 36n)),
    recipient: toHex(word(address).subarray(12)),
    amount,
  };
}

/**
 * The root of the withdrawals' tree that has this word at this place: L1's
 * `withdrawalsRoot(batch)`, or `claim` reverts.
 *
 * @throws {InputError} on what is malformed.
 */
export function withdrawalsRoot({
  index,
  word: text,
  path,
}: Pick<WithdrawalView, 'index' | 'word' | 'path'>): Hex {
  if (!Array.isArray(path) || path.length > 32) {
    throw new InputError('path: expected at most 32 siblings');
  }
  const place = unsigned('index', index, path.length);
  let node = keccak_256(fromHex('word', text, 31));
  path.forEach((hash, level) => {
    const sibling = fromHex(`sibling ${level}`, hash, 32);
    const isRight = (place >> BigInt(level)) & 1n;
    node = keccak_256(isRight ? concat(sibling, node) : concat(node, sibling));
  });
  return toHex(node);
}

/**
 * Data of custody's `claim`, which pays a withdrawal to the recipient in its word. Anyone may send
 * it.
 *
 * @throws {InputError} on what is malformed, or a word that says something else than the answer of
 * `cairn_withdrawal`.
 */
export function claimCall(withdrawal: WithdrawalView): Hex {
  const said = decodeWithdrawal(withdrawal.word);
  const recipient = toHex(addressBytes('recipient', withdrawal.recipient));
  if (
    said.recipient !== recipient ||
    said.token !== withdrawal.token ||
    String(said.amount) !== withdrawal.amount
  ) {
    throw new InputError('word: pays something else than the withdrawal says');
  }
  const root = withdrawalsRoot(withdrawal);
  if (root !== toHex(fromHex('root', withdrawal.root, 32))) {
    throw new InputError('path: leads to another root');
  }
  const siblings = withdrawal.path.map((hash) => fromHex('sibling', hash, 32));
  return call(
    'claim(uint32,uint256,bytes31,bytes32[])',
    word(unsigned('batch', withdrawal.batch, 32)),
    word(BigInt(withdrawal.index)),
    concat(fromHex('word', withdrawal.word, 31), new Uint8Array(1)),
    word(128n),
    word(BigInt(siblings.length)),
    ...siblings,
  );
}
