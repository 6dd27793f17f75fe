// Calls of the contracts and of tokens, as L1 encodes them, and what they answer. What @cairn/client encodes is not here.

import { keccak_256 } from "@noble/hashes/sha3.js";

const encoder = new TextEncoder();
const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export const uint = (value: bigint | number): string => BigInt(value).toString(16).padStart(64, "0");
export const address = (value: string): string => value.slice(2).toLowerCase().padStart(64, "0");

/** A call with arguments of 32 bytes each. */
export function encode(signature: string, ...words: string[]): string {
  return `0x${hex(keccak_256(encoder.encode(signature)).subarray(0, 4))}${words.join("")}`;
}

/** The topic of an event. */
export const topic = (signature: string): string => `0x${hex(keccak_256(encoder.encode(signature)))}`;

/** Word `at` of an answer; none if the answer is shorter. */
export function word(answer: string, at: number): bigint | undefined {
  const text = answer.slice(2 + 64 * at, 66 + 64 * at);
  return /^[0-9a-fA-F]{64}$/.test(text) ? BigInt(`0x${text}`) : undefined;
}

/** Characters of a name that are shown. */
const MOST_NAME = 16;

/**
 * A text that a contract gives, or 32 bytes with one at the beginning, as old tokens have it. It is anybody's: letters,
 * digits and a few signs of it are kept, no more than fit a column.
 */
export function name(answer: string): string {
  const length = word(answer, 1);
  const isText = word(answer, 0) === 32n && length !== undefined && length <= 256n;
  const start = isText ? 130 : 2;
  const bytes = isText ? Number(length) : 32;
  const text = (answer.slice(start, start + 2 * bytes).match(/../g) ?? []).map((one) => String.fromCharCode(parseInt(one, 16)));
  return text.join("").replace(/[^A-Za-z0-9._+$-]/g, "").slice(0, MOST_NAME);
}
