// The reader's wallet of L1 (EIP-1193), and what is asked of L1 through it.

import type { Eip1193Provider } from "@cairn/client";
import { topic } from "./abi.ts";

export type Provider = Eip1193Provider;

/** Why the wallet or L1 does not do it, in a sentence. */
export class WalletFault extends Error {
  constructor(
    message: string,
    /** A contract has refused the call, so that L1 has answered. */
    readonly isRevert = false,
  ) {
    super(message);
  }
}

/** The wallet that the browser has, if it has one. */
export const injected = (): Provider | undefined => (globalThis as { ethereum?: Provider }).ethereum;

/** Codes of EIP-1193 that readers meet. */
const CODES: Record<number, string> = {
  4001: "You have refused it in your wallet. Nothing was sent.",
  4100: "Your wallet does not let this page do that: connect it first.",
  4900: "Your wallet has no connection to L1.",
  4902: "Your wallet does not know this chain: add it there first.",
};

export async function request<T>(provider: Provider, method: string, params: unknown[] = []): Promise<T> {
  try {
    return (await provider.request({ method, params })) as T;
  } catch (error) {
    throw new WalletFault(inWords(error), isRevert(error));
  }
}

/** Nodes give code 3 with a revert, wallets put it into another error or leave its words alone. */
function isRevert(error: unknown): boolean {
  const { code, message, data } = (error ?? {}) as { code?: number; message?: unknown; data?: { code?: number } | null };
  return code === 3 || data?.code === 3 || /\brevert(ed)?\b/i.test(String(message));
}

function inWords(error: unknown): string {
  const { code, message } = (error ?? {}) as { code?: number; message?: unknown };
  const known = typeof code === "number" ? CODES[code] : undefined;
  return known ?? `The wallet says: ${String(message ?? error).slice(0, 300)}`;
}

/** The wallet's account, once its owner lets the page see it, on the rollup's chain. */
export async function connect(provider: Provider, chainId: number): Promise<string> {
  const accounts = await request<string[]>(provider, "eth_requestAccounts");
  const [account] = Array.isArray(accounts) ? accounts : [];
  if (!account || !/^0x[0-9a-fA-F]{40}$/.test(account)) throw new WalletFault("The wallet has shown no account.");
  if ((await chainOf(provider)) !== chainId) {
    await request(provider, "wallet_switchEthereumChain", [{ chainId: `0x${chainId.toString(16)}` }]);
    const now = await chainOf(provider);
    if (now !== chainId) throw new WalletFault(`The wallet is on chain ${now}, the rollup on chain ${chainId}.`);
  }
  return account.toLowerCase();
}

const chainOf = async (provider: Provider): Promise<number> =>
  Number(await request<string>(provider, "eth_chainId"));

/** What a contract answers. */
export async function read(provider: Provider, to: string, data: string): Promise<string> {
  const answer = await request<string>(provider, "eth_call", [{ to, data }, "latest"]);
  if (typeof answer !== "string" || !/^0x([0-9a-fA-F]{2})*$/.test(answer)) {
    throw new WalletFault(`L1 answers a call of ${to} with no bytes.`);
  }
  return answer;
}

export interface L1Call {
  /** The chain that it is for: a wallet may be on another one since it was connected. */
  chainId: number;
  from: string;
  to: string;
  data: string;
  value?: bigint;
}

/** Has the wallet sign and send; its hash. */
export async function send(provider: Provider, { chainId, from, to, data, value = 0n }: L1Call): Promise<string> {
  const now = await chainOf(provider);
  if (now !== chainId) throw new WalletFault(`The wallet is on chain ${now}, the rollup on chain ${chainId}.`);
  const hash = await request<string>(provider, "eth_sendTransaction", [
    { chainId: `0x${chainId.toString(16)}`, from, to, data, value: `0x${value.toString(16)}` },
  ]);
  if (!/^0x[0-9a-fA-F]{64}$/.test(String(hash))) throw new WalletFault("The wallet gives no hash of a transaction.");
  return hash.toLowerCase();
}

interface Log {
  address: string;
  topics: string[];
}

export interface L1Receipt {
  isGood: boolean;
  logs: Log[];
}

/** Events that name a place of L1's queue: by it, custody's operations are found again. */
const QUEUED = [
  topic("Deposited(uint64,address,uint16,uint32,uint256,uint64[5])"),
  topic("PriorityOperationQueued(uint64,bytes,address)"),
];

/** The event of one of the rollup's contracts: a token may say anything in the same transaction. */
export function queuedLog(logs: Log[], contracts: string[]): Log | undefined {
  const ours = contracts.map((contract) => contract.toLowerCase());
  return logs.find(({ address, topics }) => ours.includes(address.toLowerCase()) && QUEUED.includes(topics[0] ?? ""));
}

/** What became of a transaction; none while it is not mined. */
export async function receiptOf(provider: Provider, hash: string): Promise<L1Receipt | undefined> {
  interface Raw {
    status?: string;
    logs?: Log[];
  }
  const raw = await request<Raw | null>(provider, "eth_getTransactionReceipt", [hash]);
  if (!raw) return undefined;
  return { isGood: Number(raw.status) === 1, logs: raw.logs ?? [] };
}
