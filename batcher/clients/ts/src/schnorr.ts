// Signatures: their bytes, and verification (docs/spec.md, section 2).

import {
  concat,
  fromHex,
  fromLittleEndian,
  InputError,
  toHex,
  toLittleEndian,
  type Hex,
} from './bytes.js';
import { combine } from './combine.js';
import { decode, encode, type Affine } from './curve.js';
import { checkCanonical } from './goldilocks.js';
import { digestFromHex, hash, Tag, type Digest } from './hash.js';
import { publicKeyFromHex } from './public-key.js';
import type { Coefficients } from './quintic.js';

/** Challenge and response. */
export interface Signature {
  /** e: two canonical elements. */
  readonly e: readonly [bigint, bigint];
  /** s: an integer below 2^320; canonical ones are below the group's order. */
  readonly s: bigint;
}

/** The top 32 bits of a canonical response are below this, those of the group's order. */
const RESPONSE_TOP_LIMIT = 0x7fff_fffdn;

/** Whether s is the canonical one: s + n is no second signature. */
export function isCanonicalResponse(s: bigint): boolean {
  return s >= 0n && s >> 288n < RESPONSE_TOP_LIMIT;
}

/**
 * Refuses what is no canonical signature.
 *
 * @throws {InputError} saying what is wrong.
 */
export function checkSignature({ e, s }: Signature): void {
  checkCanonical('challenge', e);
  if (!isCanonicalResponse(s)) {
    throw new InputError(
      `response: expected top 32 bits below ${RESPONSE_TOP_LIMIT}, got ${s >> 288n}`,
    );
  }
}

/** The 56 bytes of a signature: e, then s, little-endian. */
export function signatureToHex({ e, s }: Signature): Hex {
  return toHex(concat(...e.map((element) => toLittleEndian(element, 8)), toLittleEndian(s, 40)));
}

/**
 * Reads {@link signatureToHex}.
 *
 * @throws {InputError} on another length and on what is not canonical.
 */
export function signatureFromHex(text: string): Signature {
  const bytes = fromHex('signature', text, 56);
  const element = (start: number) => fromLittleEndian(bytes.subarray(start, start + 8));
  const signature: Signature = {
    e: [element(0), element(8)],
    s: fromLittleEndian(bytes.subarray(16)),
  };
  checkSignature(signature);
  return signature;
}

/** e of the commitment R, the key and the message. */
export function challenge(
  commitment: Affine,
  key: Coefficients,
  message: Digest,
): readonly [bigint, bigint] {
  const [e0, e1] = hash(Tag.SchnorrChallenge, [...encode(commitment), ...key, ...message]);
  return [e0, e1];
}

/**
 * Whether a signature of a digest holds under a public key: exactly as Rust and the circuits say.
 * False for a key that encodes no point, a signature that is not canonical, and where operands of
 * the loop coincide.
 *
 * @throws {InputError} if key or digest are not canonical.
 */
export function verify(publicKey: Hex, digest: Hex, signature: Signature): boolean {
  const key = publicKeyFromHex('public key', publicKey);
  const message = digestFromHex('digest', digest);
  try {
    checkSignature(signature);
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
  const point = decode(key);
  if (point === undefined) return false;
  const [e0, e1] = signature.e;
  const commitment = combine(signature.s, e0 + (e1 << 64n), point);
  if (commitment === undefined) return false;
  const expected = challenge(commitment, key, message);
  return expected[0] === e0 && expected[1] === e1;
}
