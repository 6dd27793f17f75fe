// Addresses of L1 as text.

import { keccak_256 } from '@noble/hashes/sha3.js';

import { fromHex, InputError, shown, utf8 } from './bytes.js';

/** The digits with capital letters where EIP-55 has them. */
function withChecksum(small: string): string {
  const hash = keccak_256(utf8(small));
  const isCapital = (i: number) => (hash[i >> 1]! >> (i & 1 ? 0 : 4)) & 8;
  return [...small].map((digit, i) => (isCapital(i) ? digit.toUpperCase() : digit)).join('');
}

/**
 * The 20 bytes of an address, whose letters are all small, all capital, or as EIP-55's checksum has
 * them: a mistyped address must not become another one.
 *
 * @throws {InputError} on any other text.
 */
export function addressBytes(what: string, text: string): Uint8Array {
  const bytes = fromHex(what, text, 20);
  const digits = text.slice(2);
  const small = digits.toLowerCase();
  if (digits !== small && digits !== digits.toUpperCase() && digits !== withChecksum(small)) {
    throw new InputError(
      `${what}: small and capital letters of ${shown(text)} do not fit its digits: copy it again`,
    );
  }
  return bytes;
}
