// Public keys as the API writes them.

import {
  concat,
  fromHex,
  fromLittleEndian,
  InputError,
  toHex,
  toLittleEndian,
  type Hex,
} from './bytes.js';
import { checkCanonical } from './goldilocks.js';
import type { Coefficients } from './quintic.js';

/** 40 zero bytes: the key of an account that does not exist. */
export const NO_KEY: Hex = `0x${'00'.repeat(40)}`;

/** The 40 bytes of a public key: five little-endian u64. */
export function publicKeyToHex(key: Coefficients): Hex {
  return toHex(concat(...key.map((element) => toLittleEndian(element, 8))));
}

/**
 * The five elements of a public key. They need not encode a point: no signature holds under such a
 * key.
 *
 * @throws {InputError} on another length, an element that is not canonical, or zero, which is no
 * key.
 */
export function publicKeyFromHex(what: string, text: string): Coefficients {
  const bytes = fromHex(what, text, 40);
  const elements = [0, 8, 16, 24, 32].map((start) =>
    fromLittleEndian(bytes.subarray(start, start + 8)),
  );
  checkCanonical(what, elements);
  if (elements.every((element) => element === 0n)) {
    throw new InputError(`${what}: expected a key, got zero`);
  }
  return elements as unknown as Coefficients;
}
