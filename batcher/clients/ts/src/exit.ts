// Leaving a frozen rollup: what an account's key signs (docs/spec.md, section 8).

import { addressBytes } from './address.js';
import { fromBigEndian, unsigned, type Hex } from './bytes.js';
import { domainLimbs } from './domain.js';
import { digestToHex, hash, Tag } from './hash.js';
import { signatureToHex } from './schnorr.js';
import type { SecretKey } from './secret-key.js';

const KIND_EXIT = 2n;

/**
 * The digest that lets account `id` exit to an address of L1.
 *
 * @throws {InputError} on what is malformed.
 */
export function exitHash(domain: string, id: number, recipient: string): Hex {
  const address = addressBytes('recipient', recipient);
  const words = [0, 4, 8, 12, 16].map((start) => fromBigEndian(address.subarray(start, start + 4)));
  return digestToHex(
    hash(Tag.ExitMessage, [...domainLimbs(domain), KIND_EXIT, unsigned('id', id, 32), ...words]),
  );
}

/**
 * Signs that account `id` may exit to `recipient` should the rollup be frozen: 56 bytes. There is
 * no expiry: it holds for as long as the account has this key.
 *
 * @throws {InputError} on what is malformed.
 */
export function signExit(key: SecretKey, domain: string, id: number, recipient: string): Hex {
  return signatureToHex(key.sign(exitHash(domain, id, recipient)));
}
