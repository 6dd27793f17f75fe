// `R = s G + e P`: the loop that Rust, the circuits and this file share, step by step
// (docs/spec.md, section 2). It is part of the definition of a signature: what one of them refuses,
// all do.

import { sha512 } from '@noble/hashes/sha2.js';

import { concat, fromLittleEndian, toLittleEndian, utf8 } from './bytes.js';
import * as curve from './curve.js';
import type { Affine } from './curve.js';
import { power } from './integers.js';
import { reduce } from './goldilocks.js';
import type { Coefficients } from './quintic.js';

/** Two bits a row of a scalar of 128 bits. */
const ROWS = 64;

interface Constants {
  /** T, where the accumulator starts. */
  readonly start: Affine;
  /** Entry `i + 4 j + 16 k` is `U + i G + j 2^128 G + k 2^256 G`. */
  readonly table: readonly Affine[];
}

let made: Constants | undefined;

/** Made at the first call, which takes some hundredths of a second. */
function constants(): Constants {
  made ??= makeConstants();
  return made;
}

function makeConstants(): Constants {
  const offset = hashToPoint();
  const bases = [curve.GENERATOR];
  for (const _ of [1, 2]) {
    let point = curve.toPoint(bases.at(-1)!);
    for (let i = 0; i < 128; i++) point = curve.double(point);
    bases.push(curve.toAffine(point)!);
  }
  const table = [offset];
  // No entry is neutral, and no two operands coincide: nobody knows the logarithm of U.
  bases.forEach((base, position) => {
    const width = 4 ** position;
    for (let i = width; i < 4 * width; i++) table.push(add(table[i - width]!, base));
  });
  // T = -(4^64 - 1) / (3 4^64) U, so that U has left R at the end.
  const shift = 1n << 128n;
  const divisor = power(3n * shift, curve.ORDER - 2n, curve.ORDER);
  const factor = ((1n - shift + curve.ORDER) * divisor) % curve.ORDER;
  return { start: curve.multiply(offset, factor), table };
}

/**
 * U: the first SHA-512 of the label and a counter whose first five words, mod p, encode a point.
 */
function hashToPoint(): Affine {
  for (let counter = 0n; ; counter++) {
    const digest = sha512(concat(utf8('cairn.schnorr.offset.v1'), toLittleEndian(counter, 4)));
    const words = [0, 8, 16, 24, 32].map((start) =>
      fromLittleEndian(digest.subarray(start, start + 8)),
    );
    const point = curve.decode(words.map(reduce) as unknown as Coefficients);
    if (point !== undefined) return point;
  }
}

function add(point: Affine, other: Affine): Affine {
  return curve.toAffine(curve.addDistinct(curve.toPoint(point), other)!)!;
}

/** P, 2 P, 3 P. They differ: n is a large prime. */
function multiples(point: Affine): readonly Affine[] {
  const double = curve.double(curve.toPoint(point));
  return [point, curve.toAffine(double)!, curve.toAffine(curve.addDistinct(double, point)!)!];
}

/** The bits `at` and `at + 1`. */
function digit(scalar: bigint, at: number): number {
  return Number((scalar >> BigInt(at)) & 3n);
}

/**
 * `s G + e key`, or `undefined` if that is the neutral element or if the operands of an addition
 * coincide up to sign on the way. `s` is below 2^320 and `e` below 2^128; without a key, `e` counts
 * as 0.
 */
export function combine(s: bigint, e = 0n, key?: Affine): Affine | undefined {
  const { start, table } = constants();
  const ofKey = key === undefined ? [] : multiples(key);
  let sum: curve.Point | undefined = curve.toPoint(start);
  for (let row = ROWS - 1; row >= 0; row--) {
    sum = curve.double(curve.double(sum));
    const multiple = ofKey[digit(e, 2 * row) - 1];
    if (multiple !== undefined) sum = curve.addDistinct(sum, multiple);
    const [i, j, k] = [0, 128, 256].map((start) => digit(s, start + 2 * row)) as [
      number,
      number,
      number,
    ];
    sum = sum && curve.addDistinct(sum, table[i + 4 * j + 16 * k]!);
    if (sum === undefined) return undefined;
  }
  return curve.toAffine(sum);
}
