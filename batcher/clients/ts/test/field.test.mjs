// The field's arithmetic against its definition, coefficient by coefficient, also at the bounds
// that it may have.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MODULUS as P, inverse, reduce, squareRoot } from '../dist/goldilocks.js';
import * as quintic from '../dist/quintic.js';
import { permute } from '../dist/poseidon2.js';

/** Numbers that repeat from run to run (xorshift64). */
function randomNumbers(seed) {
  return (bits) => {
    let bitsSoFar = 0n;
    for (let filled = 0; filled < bits; filled += 64) {
      seed = BigInt.asUintN(64, seed ^ (seed << 13n));
      seed ^= seed >> 7n;
      seed = BigInt.asUintN(64, seed ^ (seed << 17n));
      bitsSoFar = (bitsSoFar << 64n) | seed;
    }
    return BigInt.asUintN(bits, bitsSoFar);
  };
}

const random = randomNumbers(0x1234_5678_9abc_def1n);
const BOUND = 1n << 74n;

/** Coefficients of any sign, up to the bound: often at it. */
function coefficients() {
  return Array.from({ length: 5 }, () => {
    const choice = random(3);
    if (choice === 0n) return BOUND - 1n;
    if (choice === 1n) return 1n - BOUND;
    return choice === 2n ? 0n : random(75) - BOUND;
  });
}

/** The product by its definition, z^5 = 3. */
function product(a, b) {
  const sums = [0n, 0n, 0n, 0n, 0n];
  a.forEach((x, i) => b.forEach((y, j) => (sums[(i + j) % 5] += x * y * (i + j < 5 ? 1n : 3n))));
  return sums.map(reduce);
}

test('products are those of the definition, and stay within their bounds', () => {
  const largest = Array(5).fill(BOUND - 1n);
  const pairs = Array.from({ length: 2_000 }, () => [coefficients(), coefficients()]);
  pairs.push(
    [largest, largest],
    [largest, largest.map((x) => -x)],
    [largest.map((x) => -x), largest.map((x) => -x)],
  );
  for (const [a, b] of pairs) {
    const [x, y] = [quintic.fromCoefficients(a), quintic.fromCoefficients(b)];
    assert.deepEqual(quintic.toCoefficients(x), a.map(reduce));
    const got = quintic.multiply(x, y);
    assert.deepEqual(quintic.toCoefficients(got), product(a, b));
    // Signed slots of the result.
    let rest = got;
    for (let i = 0; i < 5; i++) {
      const slot = BigInt.asIntN(160, rest);
      assert.ok(slot > -(1n << 64n) && slot < 1n << 66n, `${slot}`);
      rest = (rest - slot) >> 160n;
    }
    assert.equal(rest, 0n);
  }
});

test('inverses and roots', () => {
  for (let i = 0; i < 40; i++) {
    const x = quintic.fromCoefficients(coefficients());
    if (quintic.isZero(x)) continue;
    assert.deepEqual(quintic.toCoefficients(quintic.multiply(x, quintic.inverse(x))), [
      1n,
      0n,
      0n,
      0n,
      0n,
    ]);
    const square = quintic.square(x);
    const root = quintic.squareRoot(square);
    assert.ok(quintic.isZero(root - x) || quintic.isZero(root + x));
    assert.ok(quintic.isSquare(square));
    assert.equal(quintic.squareRoot(7n * square), undefined, '7 is no square');
    assert.ok(!quintic.isSquare(7n * square));
  }
  assert.equal(quintic.inverse(0n), 0n);
  assert.equal(quintic.squareRoot(0n), 0n);
});

test('inverses and roots of the base field', () => {
  for (const x of [1n, 2n, P - 1n, P - 2n, ...Array.from({ length: 60 }, () => random(64) % P)]) {
    assert.equal((x * inverse(x)) % P, 1n);
    const root = squareRoot(x * x);
    assert.ok(root === x || root === P - x);
    assert.equal(squareRoot(7n * x * x), undefined);
  }
  assert.equal(inverse(0n), 0n);
  assert.equal(squareRoot(0n), 0n);
  assert.equal(squareRoot(P), 0n);
});

/**
 * Horizen Labs' script applied to these parameters, as published with `p3-goldilocks`: the image of
 * (0, 1, 2, ..).
 */
test('published vectors of Poseidon2', () => {
  const image = (width) => permute(Array.from({ length: width }, (_, i) => BigInt(i)));
  assert.deepEqual(image(8), [
    0x020cf04a1b214d14n,
    0x84e14aaaeacaed25n,
    0x1ae0f640e81c7457n,
    0xa4d204cbaeb0d8a5n,
    0x0cf637b627b3a7ffn,
    0x788d304d948b486bn,
    0x7327133ea1949af4n,
    0xf415abb924da395bn,
  ]);
  assert.deepEqual(image(12), [
    0xf292ab67c0f14b03n,
    0x0a32f1b37656544cn,
    0x053c61ab895498den,
    0x02ff92e55b196ffbn,
    0x58176e8f6f58cab2n,
    0xb0aa1206e7aec0f8n,
    0xe90c13f3dce83ca4n,
    0xf4da15333edf39c2n,
    0x23b701c053c2ca6cn,
    0xd233d593dcdfbf58n,
    0x4effa5f9516fb52en,
    0x0aaf4489f1f40166n,
  ]);
});
