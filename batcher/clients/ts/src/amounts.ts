// Amounts: quanta as the rollup counts them, and the token's own units as people write them.

import { InputError, shown } from './bytes.js';

/** How a token is counted. */
export interface TokenUnits {
  /** `decimals` of the token's contract; 18 for ETH. */
  readonly decimals: number;
  /** A quantum is `10^quantumExponent` base units: custody's `tokenAt(token).quantumExponent`. */
  readonly quantumExponent: number;
}

/** Amounts and fees are below this. */
export const AMOUNT_LIMIT = 1n << 62n;

/** An amount that no transaction can have. The nearest that one can are in the token's units. */
export class AmountError extends InputError {
  /** The nearest below. */
  readonly below: string;
  /** The nearest above, if there is one. */
  readonly above: string | undefined;

  /** Keeps both. */
  constructor(message: string, below: string, above?: string) {
    super(message);
    this.below = below;
    this.above = above;
  }
}

/**
 * Quanta in an answer of the API.
 *
 * @throws {InputError} on what is no decimal number.
 */
export function quantaOf(what: string, text: string): bigint {
  if (typeof text !== 'string' || !/^(0|[1-9][0-9]{0,38})$/.test(text)) {
    throw new InputError(`${what}: expected a decimal number, got ${shown(text)}`);
  }
  return BigInt(text);
}

/** The digits behind the point that a quantum is counted in; negative if it is several units. */
function places({ decimals, quantumExponent }: TokenUnits): number {
  for (const [what, value, most] of [
    ['decimals', decimals, 255],
    ['quantum exponent', quantumExponent, 36],
  ] as const) {
    if (!Number.isInteger(value) || value < 0 || value > most) {
      throw new InputError(`${what}: expected 0 to ${most}, got ${shown(value)}`);
    }
  }
  return decimals - quantumExponent;
}

/**
 * The quanta of an amount as people write it, such as `1.5`: without sign, separator, exponent or
 * leading zero.
 *
 * @throws {AmountError} if it lies between two quanta, or is too large; it names the nearest
 * amounts that are none.
 * @throws {InputError} if it is no such number.
 */
export function toQuanta(amount: string, token: TokenUnits): bigint {
  const digits = places(token);
  const match =
    typeof amount === 'string' ? /^(0|[1-9][0-9]{0,79})(?:\.([0-9]{1,80}))?$/.exec(amount) : null;
  if (match === null) {
    throw new InputError(`amount: expected a number such as 2 or 0.5, got ${shown(amount)}`);
  }
  const fraction = match[2] ?? '';
  // The amount is mantissa / scale quanta.
  let mantissa = BigInt(match[1] + fraction);
  let scale = 10n ** BigInt(fraction.length);
  if (digits >= 0) mantissa *= 10n ** BigInt(digits);
  else scale *= 10n ** BigInt(-digits);
  const below = mantissa / scale;
  if (below >= AMOUNT_LIMIT) {
    const most = fromQuanta(AMOUNT_LIMIT - 1n, token);
    throw new AmountError(
      `amount: ${amount} is more than one transaction moves, which is ${most}`,
      most,
    );
  }
  if (mantissa % scale === 0n) return below;
  const nearest = [below, below + 1n].filter((quanta) => quanta < AMOUNT_LIMIT);
  const [lower, upper] = nearest.map((quanta) => fromQuanta(quanta, token)) as [string, string?];
  const either = upper === undefined ? `is ${lower}` : `are ${lower} and ${upper}`;
  const quantum = fromQuanta(1n, token);
  throw new AmountError(
    `amount: ${amount} is no multiple of ${quantum}; the nearest ${either}`,
    lower,
    upper,
  );
}

/** Quanta in the token's units, without zeros at the end: the inverse of {@link toQuanta}. */
export function fromQuanta(quanta: bigint, token: TokenUnits): string {
  if (quanta < 0n) throw new InputError(`quanta: expected 0 or more, got ${quanta}`);
  const digits = places(token);
  if (digits <= 0) return (quanta * 10n ** BigInt(-digits)).toString();
  const text = quanta.toString().padStart(digits + 1, '0');
  const fraction = text.slice(-digits).replace(/0+$/, '');
  return fraction === '' ? text.slice(0, -digits) : `${text.slice(0, -digits)}.${fraction}`;
}

/**
 * Whether the short form of a transfer holds this amount: a mantissa of 35 bits, and a power of
 * ten.
 */
export function isShortAmount(quanta: bigint): boolean {
  return fitsMantissa(quanta, 35n);
}

/**
 * Whether the short form of a transfer holds this fee: a mantissa of 11 bits, and a power of ten.
 */
export function isShortFee(quanta: bigint): boolean {
  return fitsMantissa(quanta, 11n);
}

function fitsMantissa(quanta: bigint, bits: bigint): boolean {
  if (quanta < 0n || quanta >= AMOUNT_LIMIT) return false;
  while (quanta >> bits !== 0n && quanta % 10n === 0n) quanta /= 10n;
  return quanta >> bits === 0n;
}
