// Tokens by what L1 says of them: their contract, their quantum, and the name that they give themselves.

import { fromQuanta, type TokenUnits } from "@cairn/client";
import { decimal } from "../format.ts";
import { address, encode, name, uint, word } from "./abi.ts";
import { type Provider, read, request, WalletFault } from "./provider.ts";

const ETH = `0x${"0".repeat(40)}`;
/** Tokens that the wallet looks at. */
const MOST = 32;
/** The largest exponent of a quantum. */
const MOST_EXPONENT = 36n;

export interface Token extends TokenUnits {
  index: number;
  /** Its contract on L1; zero is ETH. */
  asset: string;
  symbol: string;
}

export const isEther = ({ asset }: Token): boolean => asset === ETH;

/** The registered tokens, of the first so many; none in the place of one that L1 does not tell of now. */
export async function tokensOf(provider: Provider, custody: string, count: number): Promise<(Token | undefined)[]> {
  const indices = Array.from({ length: Math.min(count, MOST) }, (_, index) => index);
  return Promise.all(indices.map((index) => tokenOf(provider, custody, index).catch(() => undefined)));
}

async function tokenOf(provider: Provider, custody: string, index: number): Promise<Token> {
  const answer = await read(provider, custody, encode("tokenAt(uint16)", uint(index)));
  const [contract, exponent] = [word(answer, 0), word(answer, 2)];
  if (contract === undefined || contract >> 160n !== 0n || exponent === undefined || exponent > MOST_EXPONENT) {
    throw new WalletFault(`Custody does not say what token ${index} is.`);
  }
  const asset = `0x${contract.toString(16).padStart(40, "0")}`;
  const quantumExponent = Number(exponent);
  if (asset === ETH) return { index, asset, symbol: "ETH", decimals: 18, quantumExponent };
  const [symbol, decimals] = await Promise.all([
    read(provider, asset, encode("symbol()")).then(name, () => ""),
    decimalsOf(provider, asset),
  ]);
  // A token that says nothing sensible is counted in its base units.
  const places = decimals !== undefined && decimals <= 77n ? Number(decimals) : 0;
  return { index, asset, symbol: symbol === "ETH" || symbol === "" ? `token ${index}` : symbol, decimals: places, quantumExponent };
}

/** None if the contract has no decimals, which a revert or an empty answer says, and no node that fails. */
async function decimalsOf(provider: Provider, asset: string): Promise<bigint | undefined> {
  let answer: string;
  try {
    answer = await read(provider, asset, encode("decimals()"));
  } catch (error) {
    if (error instanceof WalletFault && error.isRevert) return undefined;
    throw error;
  }
  const decimals = word(answer, 0);
  if (decimals === undefined && answer !== "0x") throw new WalletFault(`Token ${asset} answers with half a number.`);
  return decimals;
}

/** What an owner has of a token on L1, base units. */
export async function balanceOnL1(provider: Provider, token: Token, owner: string): Promise<bigint> {
  if (isEther(token)) {
    const answer = await request<string>(provider, "eth_getBalance", [owner, "latest"]);
    if (!/^0x[0-9a-fA-F]{1,64}$/.test(String(answer))) throw new WalletFault("L1 does not say what your account has.");
    return BigInt(answer);
  }
  const balance = word(await read(provider, token.asset, encode("balanceOf(address)", address(owner))), 0);
  if (balance === undefined) throw new WalletFault(`The contract of ${token.symbol} does not say what your account has.`);
  return balance;
}

/** Quanta as people write them, with the token's name. */
export function shown(quanta: bigint, token: Token | undefined): string {
  if (!token) return `${decimal(String(quanta))} quanta`;
  const [whole = "", fraction] = fromQuanta(quanta, token).split(".");
  return `${decimal(whole)}${fraction ? `.${fraction}` : ""} ${token.symbol}`;
}
