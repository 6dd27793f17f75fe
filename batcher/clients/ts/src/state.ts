// Accounts in a state, checked against what L1 says (docs/spec.md, section 3).

import { fromHex, InputError, toHex, unsigned, type Hex } from './bytes.js';
import { quantaOf } from './amounts.js';
import { compress, digestFromHex, digestToHex, hash, Tag, type Digest } from './hash.js';
import { NO_KEY, publicKeyFromHex } from './public-key.js';
import type { ProofView } from './rpc-types.js';

/** Levels of the account tree. */
export const TREE_DEPTH = 32;

/** An account of a state. */
export interface Account {
  /** Who may spend; {@link NO_KEY} if there is no such account. */
  readonly key: Hex;
  readonly token: number;
  readonly nonce: number;
  /** Quanta, below 2^63. */
  readonly balance: bigint;
}

/** A proof that does not hold. */
export class ProofError extends Error {
  override readonly name = 'ProofError';
}

function leafHash(account: Account): Digest {
  const key = account.key === NO_KEY ? [0n, 0n, 0n, 0n, 0n] : publicKeyFromHex('key', account.key);
  const [k0, k1, k2, k3, k4] = key as [bigint, bigint, bigint, bigint, bigint];
  const token = unsigned('token', account.token, 16);
  const nonce = unsigned('nonce', account.nonce, 32);
  return compress([k0, k1, k2, k3], [k4, token, nonce, unsigned('balance', account.balance, 63)]);
}

/**
 * The root of a tree that has `account` at `id` and these siblings, the leaf's first.
 *
 * @throws {InputError} on what is malformed.
 */
export function rootFromPath(id: number, account: Account, siblings: readonly string[]): Hex {
  const index = unsigned('id', id, TREE_DEPTH);
  if (!Array.isArray(siblings) || siblings.length !== TREE_DEPTH) {
    throw new InputError(`path: expected ${TREE_DEPTH} siblings`);
  }
  let node = leafHash(account);
  siblings.forEach((text, level) => {
    const sibling = digestFromHex(`sibling ${level}`, text);
    const isRight = (index >> BigInt(level)) & 1n;
    node = isRight ? compress(sibling, node) : compress(node, sibling);
  });
  return digestToHex(node);
}

/**
 * The state commitment: what the contract's `provenState()` is of a proven state.
 *
 * @throws {InputError} on what is malformed.
 */
export function stateCommitment(root: string, nextId: number, nextToken: number): Hex {
  // Both may stand at their end: 2^32 and 2^16.
  const numbers = [unsigned('nextId', nextId, 33), unsigned('nextToken', nextToken, 17)];
  if (nextId > 2 ** 32 || nextToken > 2 ** 16) {
    throw new InputError('nextId or nextToken is out of range');
  }
  return digestToHex(hash(Tag.State, [...digestFromHex('root', root), ...numbers]));
}

/**
 * Checks an answer of `cairn_proof`: that account `id` is so in a state. An account without a key
 * does not exist.
 *
 * Trust: `state` is the contract's `provenState()`, read from L1 and not from the operator.
 *
 * @throws {ProofError} if the proof does not hold.
 * @throws {InputError} if it is malformed.
 */
export function checkProof(proof: ProofView, id: number, state: string): Account {
  if (proof.id !== id) {
    throw new ProofError(`the proof is of account ${Number(proof.id)}, expected ${id}`);
  }
  const key = toHex(fromHex('key', proof.key, 40));
  const { token, nonce } = proof;
  const account: Account = { key, token, nonce, balance: quantaOf('balance', proof.balance) };
  const root = rootFromPath(id, account, proof.siblings);
  const got = stateCommitment(root, proof.nextId, proof.nextToken);
  if (got !== toHex(fromHex('state', state, 32))) {
    throw new ProofError(`the proof is of state ${got}, expected ${state}`);
  }
  return account;
}
