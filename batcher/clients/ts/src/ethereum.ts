// What L1 signs with: EIP-712 typed data of a rollup, secp256k1 signatures, addresses.

import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';

import { addressBytes } from './address.js';
import {
  concat,
  fromBigEndian,
  fromHex,
  InputError,
  toBigEndian,
  toHex,
  unsigned,
  utf8,
  type Hex,
} from './bytes.js';
import type { Rollup } from './domain.js';

const DOMAIN_TYPE =
  'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)';

/** keccak256 of a text: what EIP-712 makes of types and strings. */
export function keccakOfText(text: string): Uint8Array {
  return keccak_256(utf8(text));
}

/** An integer as ABI and EIP-712 write it. Trust: it is not negative and below 2^256. */
export function word(integer: bigint): Uint8Array {
  return toBigEndian(integer, 32);
}

/**
 * The hash that is signed of a struct, for the domain `{name: "Cairn", version: "1", chainId,
 * verifyingContract: rollup}`. `type` is the struct's as EIP-712 writes it, `values` are its
 * encoded members of 32 bytes each.
 *
 * @throws {InputError} on a rollup that is none.
 */
export function typedDataHash(
  rollup: Rollup,
  type: string,
  values: readonly Uint8Array[],
): Uint8Array {
  const separator = keccak_256(
    concat(
      keccakOfText(DOMAIN_TYPE),
      keccakOfText('Cairn'),
      keccakOfText('1'),
      word(unsigned('chain id', rollup.chainId, 64)),
      word(fromBigEndian(addressBytes('rollup', rollup.address))),
    ),
  );
  const struct = keccak_256(concat(keccakOfText(type), ...values));
  return keccak_256(concat(Uint8Array.of(0x19, 0x01), separator, struct));
}

/** A signature of secp256k1 with the lower s, and who has made it. */
export interface Recovered {
  /** r and s, 32 bytes each: the same however the signer wrote them. */
  readonly compact: Uint8Array;
  /** The signer's address. */
  readonly address: Hex;
}

/**
 * Who has signed a hash. Takes r, s, v of 65 bytes with v of 0, 1, 27 or 28; the higher s counts as
 * its negative.
 *
 * @throws {InputError} on what is no signature.
 */
export function recoverSigner(hash: Uint8Array, signature: string): Recovered {
  const bytes = fromHex('signature', signature, 65);
  const v = bytes[64]!;
  const parity = v >= 27 ? v - 27 : v;
  try {
    if (parity > 1) throw new Error(`expected v of 0, 1, 27 or 28, got ${v}`);
    let parsed = secp256k1.Signature.fromBytes(bytes.slice(0, 64), 'compact').addRecoveryBit(
      parity,
    );
    if (parsed.hasHighS()) {
      const { r, s } = parsed;
      const { n } = secp256k1.Point.CURVE();
      parsed = new secp256k1.Signature(r, n - s).addRecoveryBit(1 - parity);
    }
    const point = parsed.recoverPublicKey(hash).toBytes(false);
    const address = toHex(keccak_256(point.subarray(1)).subarray(12));
    return { compact: parsed.toBytes('compact'), address };
  } catch (error) {
    throw new InputError(`signature: ${error instanceof Error ? error.message : 'malformed'}`);
  }
}
