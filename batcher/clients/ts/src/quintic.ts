// GF(p^5) = GF(p)[z]/(z^5 - 3), each element in one bigint.
//
// An element is the integer x0 + x1 2^160 + .. + x4 2^640, where each coefficient stands for its
// residue mod p and may be negative: so a sum is one addition, and a product one multiplication.
// bigint does the work on whole arrays of digits, several times faster than coefficient by
// coefficient. Products have coefficients between -2^64 and 2^66; whatever is multiplied must have
// its own between -2^74 and 2^74, which leaves room for sums of hundreds of products.

import * as base from './goldilocks.js';
import { MODULUS as P } from './goldilocks.js';

/** An element, as above. */
export type Quintic = bigint;

/** The coefficients of 1, z, .. z^4, canonical: as elements are written. */
export type Coefficients = readonly [bigint, bigint, bigint, bigint, bigint];

const SLOT = 160n;
const END = 5n * SLOT;

/** The same integer in each of the first `count` slots. */
function inSlots(integer: bigint, count = 5): bigint {
  return Array.from({ length: count }, (_, i) => integer << (SLOT * BigInt(i))).reduce(
    (sum, part) => sum + part,
  );
}

/**
 * A multiple of p larger than the coefficients of products, which makes them positive: 5 2^148 <
 * 2^153.
 */
const BIAS = inSlots(P << 90n, 9);
const ALL = (1n << END) - 1n;
const LOW_64 = inSlots((1n << 64n) - 1n);
const LOW_32 = inSlots((1n << 32n) - 1n);
const EPSILON = (1n << 32n) - 1n;

/** 1. */
export const ONE: Quintic = 1n;

/** The element with these coefficients. */
export function fromCoefficients(coefficients: Coefficients): Quintic {
  return coefficients.reduceRight((sum, coefficient) => (sum << SLOT) + coefficient);
}

/** The canonical coefficients. */
export function toCoefficients(x: Quintic): Coefficients {
  const positive = x + (BIAS & ALL);
  const slot = (i: bigint) => BigInt.asUintN(160, positive >> (SLOT * i)) % P;
  return [slot(0n), slot(1n), slot(2n), slot(3n), slot(4n)];
}

/** Whether `x` is 0. */
export function isZero(x: Quintic): boolean {
  return toCoefficients(x).every((coefficient) => coefficient === 0n);
}

/** `a b`. */
export function multiply(a: Quintic, b: Quintic): Quintic {
  const product = a * b + BIAS;
  // z^5 = 3. The coefficients are below 2^158, so none reaches into the next slot.
  const folded = (product & ALL) + 3n * (product >> END);
  // 2^64 = 2^32 - 1 and 2^96 = -1 mod p, in all slots at once.
  const middle = (folded >> 64n) & LOW_32;
  const high = (folded >> 96n) & LOW_64;
  return (folded & LOW_64) + middle * EPSILON - high;
}

/** `x^2`. */
export function square(x: Quintic): Quintic {
  return multiply(x, x);
}

/** z^p = z times this: a fifth root of unity. */
const FIFTH_ROOT = base.power(3n, (P - 1n) / 5n);

/** `x^(p^times)`. */
function frobenius(x: Quintic, times: number): Quintic {
  const root = base.power(FIFTH_ROOT, BigInt(times));
  let factor = 1n;
  const images = toCoefficients(x).map((coefficient) => {
    const image = (coefficient * factor) % P;
    factor = (factor * root) % P;
    return image;
  });
  return fromCoefficients(images as unknown as Coefficients);
}

/** `1 / x`, or 0 for 0. */
export function inverse(x: Quintic): Quintic {
  // x^(p + p^2 + p^3 + p^4) / x^(1 + p + p^2 + p^3 + p^4): the latter is the norm, in GF(p).
  const once = frobenius(x, 1);
  const twice = multiply(once, frobenius(once, 1));
  const conjugates = multiply(twice, frobenius(twice, 2));
  const [norm] = toCoefficients(multiply(x, conjugates));
  return multiply(conjugates, base.inverse(norm));
}

function power(x: Quintic, exponent: bigint): Quintic {
  let product = ONE;
  for (const bit of exponent.toString(2)) {
    product = square(product);
    if (bit === '1') product = multiply(product, x);
  }
  return product;
}

/** `x^((r - 1) / 2)` for r = 1 + p + p^2 + p^3 + p^4, and the norm `x^r`, which lies in GF(p). */
function halfPowerAndNorm(x: Quintic): [Quintic, bigint] {
  // (r - 1) / 2 = (p + p^3) (p + 1) / 2
  const half = power(x, (P + 1n) / 2n);
  const halfPower = multiply(frobenius(half, 1), frobenius(half, 3));
  const [norm] = toCoefficients(multiply(x, square(halfPower)));
  return [halfPower, norm];
}

/** Whether `x` is a square; 0 is one. */
export function isSquare(x: Quintic): boolean {
  return base.squareRoot(halfPowerAndNorm(x)[1]) !== undefined;
}

/** One of the square roots of `x`, or `undefined` if it is no square. */
export function squareRoot(x: Quintic): Quintic | undefined {
  // x = x^r / x^(r - 1), and the root of x^r is one in GF(p).
  const [halfPower, norm] = halfPowerAndNorm(x);
  const root = base.squareRoot(norm);
  return root === undefined ? undefined : multiply(inverse(halfPower), root);
}
