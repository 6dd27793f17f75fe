// The two hash functions of the system, and digests (docs/spec.md, section 1).

import { concat, fromBigEndian, fromHex, toBigEndian, toHex, type Hex } from './bytes.js';
import { checkCanonical, reduce } from './goldilocks.js';
import { permute } from './poseidon2.js';

/** What a sponge is for: no two uses can be confused. */
export const Tag = {
  State: 1n,
  SignedOperation: 2n,
  SchnorrChallenge: 3n,
  SchnorrNonce: 8n,
  ExitMessage: 9n,
} as const;

/** Four canonical elements. */
export type Digest = readonly [bigint, bigint, bigint, bigint];

const RATE = 8;

/** The sponge of width 12: blocks of 8 overwrite the rate, the last one padded with zeros. */
export function hash(tag: bigint, input: readonly bigint[]): Digest {
  let state: bigint[] = Array(12).fill(0n);
  state[RATE] = tag;
  state[RATE + 1] = BigInt(input.length);
  for (let start = 0; start === 0 || start < input.length; start += RATE) {
    for (let i = 0; i < RATE; i++) state[i] = input[start + i] ?? 0n;
    state = permute(state);
  }
  return state.slice(0, 4) as unknown as Digest;
}

/** The two-to-one compression: the first half of `P(x) + x`, `x = left || right`. */
export function compress(left: Digest, right: Digest): Digest {
  const permuted = permute([...left, ...right]);
  return left.map((element, i) => reduce(element + permuted[i]!)) as unknown as Digest;
}

/** As `bytes32`: four big-endian u64. */
export function digestToHex(digest: Digest): Hex {
  return toHex(concat(...digest.map((element) => toBigEndian(element, 8))));
}

/**
 * Reads {@link digestToHex}.
 *
 * @throws {InputError} on another length or an element that is not canonical.
 */
export function digestFromHex(what: string, text: string): Digest {
  const bytes = fromHex(what, text, 32);
  const elements = [0, 8, 16, 24].map((start) => fromBigEndian(bytes.subarray(start, start + 8)));
  checkCanonical(what, elements);
  return elements as unknown as Digest;
}
