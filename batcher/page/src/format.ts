// Figures, times and hashes for people.

const NUMBERS = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const FINE = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

export const count = (value: number): string => NUMBERS.format(value);
export const fine = (value: number): string => FINE.format(value);

/** A decimal number of any size, in groups of three. What is no number stays as it is. */
export function decimal(text: string): string {
  return /^-?\d{1,80}$/.test(text) ? BigInt(text).toLocaleString("en") : text;
}

export const wei = (text: string): bigint => (/^\d{1,80}$/.test(text) ? BigInt(text) : 0n);

/** Wei in the unit that needs the fewest digits. */
export function ether(amount: bigint): string {
  const value = Number(amount);
  if (value >= 1e15) return `${fine(value / 1e18)} ETH`;
  if (value >= 1e6) return `${fine(value / 1e9)} gwei`;
  return `${NUMBERS.format(value)} wei`;
}

export function usd(amount: bigint, price: number): string {
  const value = (Number(amount) / 1e18) * price;
  return `$${value >= 0.01 || value === 0 ? value.toFixed(2) : fine(value)}`;
}

export function duration(ms: number): string {
  const seconds = Math.abs(ms) / 1000;
  const sign = ms < 0 ? "−" : "";
  if (seconds < 1) return `${sign}${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${sign}${fine(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${sign}${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return `${sign}${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${sign}${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

const two = (value: number): string => String(value).padStart(2, "0");

/** By the reader's clock. */
export function moment(ms: number): string {
  const at = new Date(ms);
  if (Number.isNaN(at.getTime())) return String(ms);
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join("-");
  return `${day} ${[at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":")}`;
}

/** The ends of a hash, a key or an address. */
export function short(hex: string): string {
  return hex.length > 17 ? `${hex.slice(0, 10)}…${hex.slice(-6)}` : hex;
}

export function plural(value: number, one: string): string {
  return `${count(value)} ${one}${value === 1 ? "" : "s"}`;
}

export function median(values: number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
