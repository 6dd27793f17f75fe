// Bytes, hex and integers.

/** Bytes as `0x` and two hex digits a byte. */
export type Hex = `0x${string}`;

/**
 * A value of another form than expected. The message says where, what was expected and what was
 * found.
 */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** At most `length` characters of a text from outside, on one line. */
export function shown(value: unknown, length = 80): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  // Control characters and marks of direction could make a message read as something else.
  const plain = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{fffd}');
  return plain.length > length ? `${plain.slice(0, length)}..` : plain;
}

/**
 * Reads `length` bytes of hex.
 *
 * @throws {InputError} on a text of another form or length.
 */
export function fromHex(what: string, text: string, length?: number): Uint8Array {
  const isHex = typeof text === 'string' && /^0x([0-9a-fA-F]{2})*$/.test(text);
  if (!isHex || (length !== undefined && text.length !== 2 + 2 * length)) {
    const expected = length === undefined ? 'hex bytes' : `${length} bytes of hex`;
    throw new InputError(`${what}: expected 0x and ${expected}, got ${shown(text)}`);
  }
  const bytes = new Uint8Array((text.length - 2) / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(text.slice(2 + 2 * i, 4 + 2 * i), 16);
  }
  return bytes;
}

/** Writes bytes as hex. */
export function toHex(bytes: Uint8Array): Hex {
  let text = '0x';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text as Hex;
}

/** Bytes one after the other. */
export function concat(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  return bytes;
}

/** The integer of big-endian bytes. */
export function fromBigEndian(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(toHex(bytes));
}

/** The integer of little-endian bytes. */
export function fromLittleEndian(bytes: Uint8Array): bigint {
  return fromBigEndian(Uint8Array.from(bytes).reverse());
}

/** `length` big-endian bytes of an integer. Trust: it is not negative and fits. */
export function toBigEndian(integer: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = length - 1; i >= 0; i--) {
    bytes[i] = Number(integer & 0xffn);
    integer >>= 8n;
  }
  return bytes;
}

/** `length` little-endian bytes of an integer. Trust: it is not negative and fits. */
export function toLittleEndian(integer: bigint, length: number): Uint8Array {
  return toBigEndian(integer, length).reverse();
}

/** The bytes of a text, UTF-8. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/**
 * An integer of `bits` bits.
 *
 * @throws {InputError} if it is none.
 */
export function unsigned(what: string, value: number | bigint, bits: number): bigint {
  const isInteger = typeof value === 'bigint' || Number.isSafeInteger(value);
  if (!isInteger || value < 0 || BigInt(value) >> BigInt(bits) !== 0n) {
    throw new InputError(
      `${what}: expected an integer from 0 to 2^${bits} - 1, got ${shown(value)}`,
    );
  }
  return BigInt(value);
}
