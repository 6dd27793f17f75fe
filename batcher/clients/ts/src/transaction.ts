// Transactions: what is signed, and the 131 bytes that the API takes (docs/spec.md, sections 4 and
// 9).

import { addressBytes } from './address.js';
import {
  concat,
  fromBigEndian,
  fromHex,
  InputError,
  toBigEndian,
  toHex,
  unsigned,
  type Hex,
} from './bytes.js';
import { decode } from './curve.js';
import { domainLimbs } from './domain.js';
import { checkCanonical } from './goldilocks.js';
import { digestToHex, hash, Tag } from './hash.js';
import { publicKeyFromHex, publicKeyToHex } from './public-key.js';
import type { Coefficients } from './quintic.js';
import { checkSignature, type Signature } from './schnorr.js';
import type { SecretKey } from './secret-key.js';

/** What every transaction has. */
interface Payer {
  /** The account that pays. */
  readonly from: number;
  /** Its nonce: `nextNonce` of `cairn_account`. */
  readonly nonce: number;
  /** Its token. */
  readonly token: number;
  /** Quanta, below 2^62. */
  readonly fee: bigint;
  /** The last second at which it may be executed, by L1's clock; 0 or nothing: no limit. */
  readonly expiry?: number;
}

/** Pays an account that exists. */
export interface Transfer extends Payer {
  readonly type: 'transfer';
  /** The account that is paid. */
  readonly to: number;
  /** The key of that account: if it has another one by then, nothing is paid. */
  readonly payeeKey: Hex;
  /** Quanta, below 2^62. */
  readonly amount: bigint;
}

/** Makes a new account and pays it. */
export interface TransferToNew extends Payer {
  readonly type: 'transferToNew';
  /** The key of the new account. */
  readonly key: Hex;
  /** Quanta, below 2^62. */
  readonly amount: bigint;
}

/** Pays an address on L1. */
export interface Withdraw extends Payer {
  readonly type: 'withdraw';
  /** The address, 20 bytes. */
  readonly recipient: Hex;
  /** Quanta, below 2^62. */
  readonly amount: bigint;
}

/** Hands the account to another key. */
export interface ChangeKey extends Payer {
  readonly type: 'changeKey';
  /** The new key. */
  readonly key: Hex;
}

/** What an account's key can ask for. */
export type Transaction = Transfer | TransferToNew | Withdraw | ChangeKey;

/** A transaction as it is submitted. */
export interface SignedTransaction {
  readonly transaction: Transaction;
  readonly signature: Signature;
  /** What it is known by: the digest of its message, whatever the signature. */
  readonly hash: Hex;
  /** The 131 bytes. */
  readonly bytes: Hex;
}

/** Length of a signed transaction. */
export const TRANSACTION_BYTES = 131;

const TYPES = { transfer: 0x10, transferToNew: 0x11, withdraw: 0x12, changeKey: 0x13 } as const;

/** Bits of the three limbs of an address on L1. */
const ADDRESS_BITS = [36, 62, 62, 0, 0] as const;

/** What is signed besides the domain, and its widths in bytes as the API has them. */
interface Fields {
  readonly type: bigint;
  readonly from: bigint;
  readonly nonce: bigint;
  readonly token: bigint;
  readonly amount: bigint;
  readonly fee: bigint;
  readonly expiry: bigint;
  readonly to: bigint;
  readonly target: readonly bigint[];
}

function fieldsOf(transaction: Transaction): Fields {
  const type = TYPES[transaction.type];
  if (type === undefined) {
    throw new InputError(`type: expected one of ${Object.keys(TYPES).join(', ')}`);
  }
  return {
    type: BigInt(type),
    from: unsigned('from', transaction.from, 32),
    nonce: unsigned('nonce', transaction.nonce, 32),
    token: unsigned('token', transaction.token, 16),
    amount: transaction.type === 'changeKey' ? 0n : unsigned('amount', transaction.amount, 62),
    fee: unsigned('fee', transaction.fee, 62),
    expiry: unsigned('expiry', transaction.expiry ?? 0, 32),
    to: transaction.type === 'transfer' ? unsigned('to', transaction.to, 32) : 0n,
    target: targetOf(transaction),
  };
}

function targetOf(transaction: Transaction): readonly bigint[] {
  switch (transaction.type) {
    case 'transfer':
      return publicKeyFromHex('payeeKey', transaction.payeeKey);
    case 'withdraw': {
      const address = fromBigEndian(addressBytes('recipient', transaction.recipient));
      return [
        address >> 124n,
        BigInt.asUintN(62, address >> 62n),
        BigInt.asUintN(62, address),
        0n,
        0n,
      ];
    }
    default:
      return publicKeyFromHex('key', transaction.key);
  }
}

/**
 * What a transaction is known by, and what is signed: the digest of its message.
 *
 * @throws {InputError} on a field out of range.
 */
export function transactionHash(domain: string, transaction: Transaction): Hex {
  const { type, from, nonce, token, amount, fee, expiry, to, target } = fieldsOf(transaction);
  const message = [
    ...domainLimbs(domain),
    type,
    from,
    nonce,
    token,
    amount,
    fee,
    expiry,
    to,
    ...target,
  ];
  return digestToHex(hash(Tag.SignedOperation, message));
}

/**
 * Signs a transaction for the rollup of this domain.
 *
 * @throws {InputError} on a field out of range, or a new key under which nothing could be signed.
 */
export function signTransaction(
  key: SecretKey,
  domain: string,
  transaction: Transaction,
): SignedTransaction {
  if (transaction.type === 'transferToNew' || transaction.type === 'changeKey') {
    // The rollup would execute it, and the money would be nobody's.
    if (decode(publicKeyFromHex('key', transaction.key)) === undefined) {
      throw new InputError('key: it is no point of the curve, and nobody can sign for it');
    }
  }
  const hash = transactionHash(domain, transaction);
  const signature = key.sign(hash);
  return { transaction, signature, hash, bytes: encodeTransaction(transaction, signature) };
}

/**
 * The 131 bytes of a transaction and its signature.
 *
 * @throws {InputError} on a field out of range, or a signature that is not canonical.
 */
export function encodeTransaction(transaction: Transaction, signature: Signature): Hex {
  checkSignature(signature);
  const { type, from, nonce, token, amount, fee, expiry, to, target } = fieldsOf(transaction);
  const response = [0n, 64n, 128n, 192n, 256n].map((shift) =>
    BigInt.asUintN(64, signature.s >> shift),
  );
  return toHex(
    concat(
      toBigEndian(type, 1),
      toBigEndian(from, 4),
      toBigEndian(nonce, 4),
      toBigEndian(token, 2),
      toBigEndian(amount, 8),
      toBigEndian(fee, 8),
      toBigEndian(expiry, 4),
      toBigEndian(to, 4),
      ...[...target, ...signature.e, ...response].map((element) => toBigEndian(element, 8)),
    ),
  );
}

/**
 * Reads {@link encodeTransaction}. Whether the signature holds is not looked at.
 *
 * @throws {InputError} on whatever the operator and L1 refuse: each transaction has one encoding.
 */
export function decodeTransaction(text: string): {
  transaction: Transaction;
  signature: Signature;
} {
  const bytes = fromHex('transaction', text, TRANSACTION_BYTES);
  let end = 0;
  const take = (length: number) => fromBigEndian(bytes.subarray(end, (end += length)));
  const elements = (count: number) => Array.from({ length: count }, () => take(8));
  const type = Number(take(1));
  const payer = { from: Number(take(4)), nonce: Number(take(4)), token: Number(take(2)) };
  const amount = unsigned('amount', take(8), 62);
  const common = { ...payer, fee: unsigned('fee', take(8), 62), expiry: Number(take(4)) };
  const to = Number(take(4));
  const target = elements(5);
  const [e0, e1] = elements(2) as [bigint, bigint];
  const s = elements(5).reduceRight((sum, limb) => (sum << 64n) + limb, 0n);
  const signature = { e: [e0, e1], s } as const;
  checkSignature(signature);

  const transaction = ((): Transaction => {
    switch (type) {
      case TYPES.transfer:
        return { type: 'transfer', ...common, amount, to, payeeKey: keyOf(target) };
      case TYPES.transferToNew:
        return { type: 'transferToNew', ...common, amount, key: keyOf(target) };
      case TYPES.withdraw:
        return { type: 'withdraw', ...common, amount, recipient: recipientOf(target) };
      case TYPES.changeKey:
        if (amount !== 0n) throw new InputError(`amount: a change of key has none, got ${amount}`);
        return { type: 'changeKey', ...common, key: keyOf(target) };
      default:
        throw new InputError(`type: expected 0x10 to 0x13, got 0x${type.toString(16)}`);
    }
  })();
  if (type !== TYPES.transfer && to !== 0) {
    throw new InputError(`to: this type has none, got ${to}`);
  }
  return { transaction, signature };
}

function keyOf(target: readonly bigint[]): Hex {
  checkCanonical('target', target);
  const key = publicKeyToHex(target as unknown as Coefficients);
  publicKeyFromHex('target', key);
  return key;
}

function recipientOf(target: readonly bigint[]): Hex {
  target.forEach((element, index) =>
    unsigned(`target of a withdrawal, element ${index}`, element, ADDRESS_BITS[index]!),
  );
  const [high, middle, low] = target as [bigint, bigint, bigint];
  return toHex(toBigEndian((high << 124n) | (middle << 62n) | low, 20));
}
