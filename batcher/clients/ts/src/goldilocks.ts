// The field GF(p), p = 2^64 - 2^32 + 1. Integers stand for their residues; only `reduce` makes them
// canonical.
//
// bigint takes time that depends on the values: whoever can measure it may learn something of
// secret ones.

import { InputError } from './bytes.js';

/** p. */
export const MODULUS = 0xffff_ffff_0000_0001n;

/** The canonical element, from 0 to p - 1. */
export function reduce(x: bigint): bigint {
  const rest = x % MODULUS;
  return rest < 0n ? rest + MODULUS : rest;
}

/**
 * Refuses integers that are no canonical elements.
 *
 * @throws {InputError} naming the first that is not.
 */
export function checkCanonical(what: string, elements: readonly bigint[]): void {
  elements.forEach((element, index) => {
    if (element < 0n || element >= MODULUS) {
      throw new InputError(
        `${what}, element ${index}: expected less than ${MODULUS}, got ${element}`,
      );
    }
  });
}

/** `base^exponent`. */
export function power(base: bigint, exponent: bigint): bigint {
  let product = 1n;
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) product = (product * base) % MODULUS;
    base = (base * base) % MODULUS;
  }
  return product;
}

/** `1 / x`, or 0 for 0. */
export function inverse(x: bigint): bigint {
  return power(reduce(x), MODULUS - 2n);
}

/** p - 1 = 2^32 times this odd number. */
const ODD = 0xffff_ffffn;
/** Of order 2^32: 7 is no square. */
const ROOT_OF_UNITY = power(7n, ODD);

/** One of the square roots of `x`, or `undefined` if there is none (Tonelli and Shanks). */
export function squareRoot(x: bigint): bigint | undefined {
  x = reduce(x);
  if (x === 0n) return 0n;
  if (power(x, (MODULUS - 1n) / 2n) !== 1n) return undefined;
  let root = power(x, (ODD + 1n) / 2n);
  // root^2 = x * rest, where the order of rest is a power of two.
  let rest = power(x, ODD);
  let generator = ROOT_OF_UNITY;
  let log = 32;
  while (rest !== 1n) {
    let order = 0;
    for (let square = rest; square !== 1n; square = (square * square) % MODULUS) order++;
    for (let i = log - order - 1; i > 0; i--) generator = (generator * generator) % MODULUS;
    root = (root * generator) % MODULUS;
    generator = (generator * generator) % MODULUS;
    rest = (rest * generator) % MODULUS;
    log = order;
  }
  return root;
}
