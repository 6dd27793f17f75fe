// Integers modulo others than p.

/** `base^exponent mod modulus`. */
export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let product = 1n;
  base %= modulus;
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) product = (product * base) % modulus;
    base = (base * base) % modulus;
  }
  return product;
}

/** `integer mod modulus`, from 0 on. */
export function remainder(integer: bigint, modulus: bigint): bigint {
  const rest = integer % modulus;
  return rest < 0n ? rest + modulus : rest;
}
