// Receipts: the operator's signed word that a transaction is executed (docs/api.md).

import { addressBytes } from './address.js';
import { fromHex, toHex, unsigned, type Hex } from './bytes.js';
import type { Rollup } from './domain.js';
import { recoverSigner, typedDataHash, word } from './ethereum.js';
import type { BlockView, SignedReceipt } from './rpc-types.js';

const TYPE = 'Receipt(bytes32 transaction,uint32 batch,uint64 block,uint32 position,bytes32 state)';

/** A receipt that does not hold. */
export class ReceiptError extends Error {
  override readonly name = 'ReceiptError';
}

/**
 * The hash that the operator signs.
 *
 * @throws {InputError} on what is malformed.
 */
export function receiptHash(rollup: Rollup, receipt: SignedReceipt): Hex {
  return toHex(hashOf(rollup, receipt));
}

function hashOf(rollup: Rollup, receipt: SignedReceipt): Uint8Array {
  return typedDataHash(rollup, TYPE, [
    fromHex('transaction', receipt.transaction, 32),
    word(unsigned('batch', receipt.batch, 32)),
    word(unsigned('block', receipt.block, 64)),
    word(unsigned('position', receipt.position, 32)),
    fromHex('state', receipt.state, 32),
  ]);
}

/**
 * Checks that a receipt is of this transaction and signed by `signer`: the operator's address, from
 * a place that you trust.
 *
 * @throws {ReceiptError} if it is not.
 * @throws {InputError} if it is malformed.
 */
export function checkReceipt(
  rollup: Rollup,
  receipt: SignedReceipt,
  transaction: string,
  signer: string,
): void {
  const hash = hashOf(rollup, receipt);
  if (
    toHex(fromHex('transaction', receipt.transaction, 32)) !==
    toHex(fromHex('transaction', transaction, 32))
  ) {
    throw new ReceiptError('the receipt is of another transaction');
  }
  const { address } = recoverSigner(hash, receipt.signature);
  const expected = toHex(addressBytes('signer', signer));
  if (address !== expected) {
    throw new ReceiptError(`the receipt is signed by ${address}, expected ${expected}`);
  }
}

/** What an honest operator cannot have said. */
export type Contradiction =
  | 'one block has two states'
  | 'one block is in two batches'
  | 'one transaction is at two places'
  | 'one place of a block has two transactions';

/** Whether two receipts of one operator cannot both be true. Trust: both have been checked. */
export function contradiction(
  first: SignedReceipt,
  second: SignedReceipt,
): Contradiction | undefined {
  const isSameBlock = first.block === second.block;
  const isSamePlace = isSameBlock && first.position === second.position;
  const isSameTransaction = isSameHash(first.transaction, second.transaction);
  if (isSameBlock && !isSameHash(first.state, second.state)) return 'one block has two states';
  if (isSameBlock && first.batch !== second.batch) return 'one block is in two batches';
  if (isSameTransaction && !isSamePlace) return 'one transaction is at two places';
  if (!isSameTransaction && isSamePlace) return 'one place of a block has two transactions';
  return undefined;
}

/**
 * Whether a block as `cairn_block` shows it cannot be the one that a receipt speaks of. A block
 * without its operations, as subscriptions send it, says nothing. Trust: the receipt has been
 * checked.
 */
export function contradictsBlock(
  receipt: SignedReceipt,
  block: BlockView,
): Contradiction | undefined {
  const operations = block.operations ?? [];
  if (receipt.block !== block.number || block.operationCount !== operations.length) {
    return undefined;
  }
  if (!isSameHash(receipt.state, block.state)) return 'one block has two states';
  if (receipt.batch !== block.batch) return 'one block is in two batches';
  const entry = operations[receipt.position];
  const isThere =
    entry !== undefined &&
    'transaction' in entry &&
    isSameHash(entry.transaction, receipt.transaction);
  return isThere ? undefined : 'one place of a block has two transactions';
}

function isSameHash(first: string, second: string): boolean {
  return first.toLowerCase() === second.toLowerCase();
}
