// A key from a wallet of L1: the wallet signs one text (EIP-712), and the signature is the seed.
// The same wallet gives the same key on every machine, so nothing needs to be kept.

import { sha256 } from '@noble/hashes/sha2.js';

import { addressBytes } from './address.js';
import { concat, InputError, shown, toHex, utf8, type Hex } from './bytes.js';
import type { Rollup } from './domain.js';
import { keccakOfText, recoverSigner, typedDataHash } from './ethereum.js';
import { SecretKey } from './secret-key.js';

const PRIMARY_TYPE = 'CairnKey';
const TYPE = `${PRIMARY_TYPE}(string meaning)`;

/** What the wallet shows. A changed letter would give everybody another key. */
const MEANING =
  'This signature is the key to your accounts on this Cairn rollup. ' +
  'Whoever has it can spend all that is in them. ' +
  'Sign only on a page that you trust with your money, and never give the signature to anyone.';

/** Typed data as `eth_signTypedData_v4` takes it. */
export interface TypedData {
  readonly domain: Readonly<Record<string, unknown>>;
  readonly types: Readonly<
    Record<string, readonly { readonly name: string; readonly type: string }[]>
  >;
  readonly primaryType: string;
  readonly message: Readonly<Record<string, unknown>>;
}

/** Has the wallet sign: resolves to 65 bytes of hex. */
export type SignTypedData = (data: TypedData) => Promise<string>;

/** A wallet in a browser, such as `window.ethereum` (EIP-1193). */
export interface Eip1193Provider {
  request(request: { method: string; params?: unknown[] }): Promise<unknown>;
}

/** Why a wallet gives no key. Offer a seed instead. */
export class WalletError extends Error {
  override readonly name = 'WalletError';
}

/** What the wallet is asked to sign for a rollup. */
export function keyRequest(rollup: Rollup): TypedData {
  return {
    domain: {
      name: 'Cairn',
      version: '1',
      chainId: Number(rollup.chainId),
      verifyingContract: rollup.address,
    },
    types: {
      EIP712Domain: [
        { name: 'name', type: 'string' },
        { name: 'version', type: 'string' },
        { name: 'chainId', type: 'uint256' },
        { name: 'verifyingContract', type: 'address' },
      ],
      [PRIMARY_TYPE]: [{ name: 'meaning', type: 'string' }],
    },
    primaryType: PRIMARY_TYPE,
    message: { meaning: MEANING },
  };
}

/** The hash that the wallet signs. */
export function keyRequestHash(rollup: Rollup): Hex {
  return toHex(typedDataHash(rollup, TYPE, [keccakOfText(MEANING)]));
}

/** Signs through a wallet in a browser, as `address`. */
export function signerOf(provider: Eip1193Provider, address: string): SignTypedData {
  return async (data) => {
    const params = [address, JSON.stringify(data)];
    const signature = await provider.request({ method: 'eth_signTypedData_v4', params });
    if (typeof signature !== 'string') {
      throw new WalletError('the wallet has answered with no signature');
    }
    return signature;
  };
}

/**
 * The seed of 32 bytes that a wallet gives for a rollup: SHA-256 of a label and the signature. Has
 * the wallet sign twice, and refuses it if both signatures differ, since the key could never be had
 * again, or if they are not by `address`, as those of contract wallets. The seed is as secret as
 * the key: `cairn exit` takes it, too.
 *
 * @throws {WalletError} if the wallet gives no key.
 * @throws {InputError} on a rollup or an address that is none.
 */
export async function deriveSeed(
  rollup: Rollup,
  address: string,
  sign: SignTypedData,
): Promise<Uint8Array> {
  const expected = toHex(addressBytes('address', address));
  const hash = typedDataHash(rollup, TYPE, [keccakOfText(MEANING)]);
  const seeds = [];
  for (const _ of [1, 2]) {
    const signature = await sign(keyRequest(rollup));
    const { compact, address: signer } = recover(hash, signature);
    if (signer !== expected) {
      throw new WalletError(
        `the signature is by ${signer}, expected ${expected}: this wallet cannot be used for keys`,
      );
    }
    seeds.push(sha256(concat(utf8('cairn.wallet.key.v1'), compact)));
  }
  const [first, second] = seeds as [Uint8Array, Uint8Array];
  if (toHex(first) !== toHex(second)) {
    throw new WalletError(
      'the wallet has signed the same text in two ways: its key could not be had again',
    );
  }
  return first;
}

function recover(hash: Uint8Array, signature: string) {
  try {
    return recoverSigner(hash, signature);
  } catch (error) {
    if (error instanceof InputError) {
      throw new WalletError(
        `the wallet has answered with no signature: ${shown(error.message, 200)}`,
      );
    }
    throw error;
  }
}

/**
 * The key that a wallet gives for a rollup: that of {@link deriveSeed}.
 *
 * @throws as {@link deriveSeed}.
 */
export async function deriveKey(
  rollup: Rollup,
  address: string,
  sign: SignTypedData,
): Promise<SecretKey> {
  return SecretKey.fromSeed(await deriveSeed(rollup, address, sign));
}
