// Secret keys (docs/spec.md, section 2).
//
// Secret scalars are bigints, whose operations take time that depends on the values. Sign where
// nobody else can measure that: on the user's own machine, not on a server that signs for
// strangers.

import { sha512 } from '@noble/hashes/sha2.js';

import { concat, fromLittleEndian, InputError, utf8, type Hex } from './bytes.js';
import { combine } from './combine.js';
import { encode, ORDER } from './curve.js';
import { MODULUS } from './goldilocks.js';
import { digestFromHex, hash, Tag, type Digest } from './hash.js';
import { remainder } from './integers.js';
import { publicKeyToHex } from './public-key.js';
import type { Coefficients } from './quintic.js';
import { challenge, isCanonicalResponse, type Signature } from './schnorr.js';

/** Fewest bytes of a seed: 128 bits. */
const MIN_SEED_BYTES = 16;

/** A secret key with its public key. Printing it, or JSON of it, shows the public key only. */
export class SecretKey {
  readonly #scalar: bigint;
  readonly #public: Coefficients;
  /** The public key, as the API has it. */
  readonly publicKey: Hex;

  private constructor(scalar: bigint) {
    const point = combine(scalar);
    if (point === undefined) throw new InputError('seed: gives no key; take another one');
    this.#scalar = scalar;
    this.#public = encode(point);
    this.publicKey = publicKeyToHex(this.#public);
  }

  /**
   * The key of a seed, the same as in Rust and of `--keys` of `cairn exit sign`: SHA-512 of a label
   * and the seed, mod n.
   *
   * Trust: the seed is secret and has at least 128 bits of entropy.
   *
   * @throws {InputError} on a seed of less than 16 bytes.
   */
  static fromSeed(seed: Uint8Array): SecretKey {
    if (seed.length < MIN_SEED_BYTES) {
      throw new InputError(`seed: expected at least ${MIN_SEED_BYTES} bytes, got ${seed.length}`);
    }
    const digest = sha512(concat(utf8('cairn.schnorr.key.v1'), seed));
    return new SecretKey(fromLittleEndian(digest) % ORDER);
  }

  /**
   * Signs a digest of 32 bytes. Deterministic: the nonce is a hash of key and digest.
   *
   * @throws {InputError} on a digest that is not canonical.
   */
  sign(digest: Hex): Signature {
    const message = digestFromHex('digest', digest);
    for (let attempt = 0n; ; attempt++) {
      const nonce = this.#nonce(message, attempt);
      const commitment = combine(nonce);
      if (commitment === undefined) continue;
      const e = challenge(commitment, this.#public, message);
      const s = remainder(nonce - (e[0] + (e[1] << 64n)) * this.#scalar, ORDER);
      // All but one nonce in 2^32 give a canonical response.
      if (isCanonicalResponse(s)) return { e, s };
    }
  }

  /** Eight elements squeezed from key and message, as digits to the base p, mod n. */
  #nonce(message: Digest, attempt: bigint): bigint {
    const halves = Array.from(
      { length: 10 },
      (_, i) => (this.#scalar >> BigInt(32 * i)) & 0xffff_ffffn,
    );
    const digits = [0n, 1n].flatMap((half) =>
      hash(Tag.SchnorrNonce, [...halves, ...message, attempt, half]),
    );
    return digits.reduce((sum, digit) => sum * MODULUS + digit, 0n) % ORDER;
  }
}
