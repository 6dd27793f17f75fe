// A transaction for L1's queue: the operator cannot leave it out.

import type { SignedTransaction, Withdraw } from "@cairn/client";
import { encode, uint } from "./abi.ts";

const WITHDRAW = 0x12;
const FORCE =
  "forceTransaction((uint8,uint32,uint32,uint16,uint64,uint64,uint32,uint32,uint64[5],uint64[2],uint64[5]))";
const LIMB = (1n << 62n) - 1n;
const ELEMENT = (1n << 64n) - 1n;

/** Custody's call for a signed withdrawal. */
export function forceCall({ transaction, signature }: SignedTransaction & { transaction: Withdraw }): string {
  const { from, nonce, token, amount, fee, expiry = 0, recipient } = transaction;
  // An address in a message is limbs of 36, 62 and 62 bits: docs/spec.md, section 4.
  const to = BigInt(recipient);
  const target = [to >> 124n, (to >> 62n) & LIMB, to & LIMB, 0n, 0n];
  const response = [0n, 1n, 2n, 3n, 4n].map((limb) => (signature.s >> (64n * limb)) & ELEMENT);
  const words = [WITHDRAW, from, nonce, token, amount, fee, expiry, 0, ...target, ...signature.e, ...response];
  return encode(FORCE, ...words.map(uint));
}
