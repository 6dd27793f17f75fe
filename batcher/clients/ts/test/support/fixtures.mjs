// The golden files that Rust writes, and small helpers of the tests.

import { readFileSync } from 'node:fs';

/** A file of `fixtures/`. */
export function fixture(name) {
  return JSON.parse(
    readFileSync(new URL(`../../../../../fixtures/${name}`, import.meta.url), 'utf8'),
  );
}

/** Big-endian u64 after u64. */
export function elements(hex) {
  return (hex.slice(2).match(/.{16}/g) ?? []).map((digits) => BigInt(`0x${digits}`));
}

/** The integer of little-endian hex. */
export function littleEndian(hex) {
  return BigInt(`0x${hex.slice(2).match(/../g).reverse().join('')}`);
}
