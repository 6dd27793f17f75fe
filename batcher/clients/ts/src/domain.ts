// Which rollup a signature is for (docs/spec.md, section 4).

import { keccak_256 } from '@noble/hashes/sha3.js';

import { addressBytes } from './address.js';
import {
  concat,
  fromBigEndian,
  fromHex,
  toBigEndian,
  toHex,
  unsigned,
  utf8,
  type Hex,
} from './bytes.js';

/**
 * The rollup: L1's chain and the contract there. Take both from a place that you trust, not from
 * the operator.
 */
export interface Rollup {
  /** L1's chain id. */
  readonly chainId: number | bigint;
  /** The rollup's contract, 20 bytes. */
  readonly address: Hex;
}

/**
 * The domain of a rollup, 31 bytes: what `cairn_info` should say.
 *
 * @throws {InputError} on a chain id or an address that is none.
 */
export function rollupDomain(rollup: Rollup): Hex {
  const word = (integer: bigint) => toBigEndian(integer, 32);
  const label = utf8('cairn.domain.v1');
  // abi.encode(string, uint256, address): the string's offset, then its length and its bytes behind
  // the others.
  const encoded = concat(
    word(96n),
    word(unsigned('chain id', rollup.chainId, 64)),
    word(fromBigEndian(addressBytes('rollup', rollup.address))),
    word(BigInt(label.length)),
    label,
    new Uint8Array(32 - label.length),
  );
  return toHex(keccak_256(encoded).subarray(1));
}

/**
 * The four limbs of a domain, 62 bits each, the most significant first.
 *
 * @throws {InputError} if it is not 31 bytes.
 */
export function domainLimbs(domain: string): readonly bigint[] {
  const integer = fromBigEndian(fromHex('domain', domain, 31));
  return [186n, 124n, 62n, 0n].map((shift) => BigInt.asUintN(62, integer >> shift));
}
