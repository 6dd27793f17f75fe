// ecGFp5, Thomas Pornin's curve over GF(p^5): a group of prime order n, on the Weierstrass curve
// Y^2 = X^3 + A X + B. A point is encoded as one element w; the neutral element is w = 0
// (docs/spec.md, section 2).

import * as field from './quintic.js';
import {
  fromCoefficients,
  multiply as product,
  square,
  toCoefficients,
  type Coefficients,
  type Quintic,
} from './quintic.js';
import { MODULUS } from './goldilocks.js';

/** n, a prime of 319 bits. */
export const ORDER = BigInt(
  '0x7ffffffd800000077ffffff1000000167fffffe6cfb80639e8885c39d724a09ce80fd996948bffe1',
);

const A = fromCoefficients([6148914689804861439n, 263n, 0n, 0n, 0n]);
/**
 * `a / 3`, the shift between the Weierstrass curve and `y^2 = x (x^2 + a x + b)`, `a = 2`, `b = 263
 * z`.
 */
const A_THIRD = 6148914689804861441n;
const DOUBLE_ODD_A = 2n;
const FOUR_B = fromCoefficients([0n, 4n * 263n, 0n, 0n, 0n]);
const HALF = (MODULUS + 1n) / 2n;

/** A point of the group other than the neutral element. */
export interface Affine {
  readonly x: Quintic;
  readonly y: Quintic;
}

/** `(x / z^2, y / z^3)`; `z = 0` is the neutral element. */
export interface Point {
  readonly x: Quintic;
  readonly y: Quintic;
  readonly z: Quintic;
}

/** The author's generator, `w = 4`. */
export const GENERATOR: Affine = {
  x: fromCoefficients([
    11712523173042564207n,
    14090224426659529053n,
    13197813503519687414n,
    16280770174934269299n,
    15998333998318935536n,
  ]),
  y: fromCoefficients([
    14639054205878357578n,
    17426078571020221072n,
    2548978194165003307n,
    8663895577921260088n,
    9793640284382595140n,
  ]),
};

/**
 * The point encoded by these coefficients of `w`, or `undefined` if none is, or the neutral
 * element.
 */
export function decode(encoding: Coefficients): Affine | undefined {
  // w = y / x, so x is a root of x^2 - (w^2 - a) x + b. The product of the roots, b, is no square:
  // one of them is a square, and that one is in the group.
  const w = fromCoefficients(encoding);
  const e = square(w) - DOUBLE_ODD_A;
  const root = field.squareRoot(square(e) - FOUR_B);
  if (root === undefined) return undefined;
  const candidate = product(e + root, HALF);
  const x = field.isSquare(candidate) ? candidate : candidate - root;
  return { x: x + A_THIRD, y: -product(w, x) };
}

/** The encoding of a point. */
export function encode(point: Affine): Coefficients {
  return toCoefficients(product(point.y, field.inverse(A_THIRD - point.x)));
}

/** The point with Z = 1. */
export function toPoint(affine: Affine): Point {
  return { x: affine.x, y: affine.y, z: field.ONE };
}

/** The affine form, or `undefined` for the neutral element. */
export function toAffine(point: Point): Affine | undefined {
  if (field.isZero(point.z)) return undefined;
  const inverse = field.inverse(point.z);
  const squared = square(inverse);
  return { x: product(point.x, squared), y: product(point.y, product(squared, inverse)) };
}

/** `2 point`. */
export function double(point: Point): Point {
  const xx = square(point.x);
  const yy = square(point.y);
  const s = 4n * product(point.x, yy);
  const m = 3n * xx + product(square(square(point.z)), A);
  const x = square(m) - 2n * s;
  const y = product(m, s - x) - 8n * square(yy);
  return { x, y, z: 2n * product(point.y, point.z) };
}

/**
 * `point + other` unless `point` is `other`, `-other` or neutral: the addition of the circuit has
 * no slope then.
 */
export function addDistinct(point: Point, other: Affine): Point | undefined {
  const zz = square(point.z);
  const h = product(other.x, zz) - point.x;
  const r = product(other.y, product(zz, point.z)) - point.y;
  const z = product(point.z, h);
  if (field.isZero(z)) return undefined;
  const hh = square(h);
  const hhh = product(hh, h);
  const v = product(point.x, hh);
  const x = square(r) - hhh - 2n * v;
  const y = product(r, v - x) - product(point.y, hhh);
  return { x, y, z };
}

/** `scalar point` for `0 < scalar < n`, by double-and-add. */
export function multiply(point: Affine, scalar: bigint): Affine {
  let sum = toPoint(point);
  for (const bit of scalar.toString(2).slice(1)) {
    sum = double(sum);
    // Only the end can be neutral: before it, the multiple is below n - 1 and even.
    if (bit === '1') sum = addDistinct(sum, point)!;
  }
  return toAffine(sum)!;
}
