// Until when what is signed can be executed: a payment that an operator holds back ends by itself.

import { call } from "../api/rpc.ts";
import { type Provider, request, WalletFault } from "./provider.ts";

/** Seconds that a transaction can be executed: as long as `cairn wallet` gives it. */
const LASTS_S = 172_800;
/** Seconds that L1's clock may be off this machine's. */
const MOST_OFF_S = 3_600;

/** The last second, by L1's clock: that of the wallet's own node, without one as the operator tells it. */
export async function expiryOf(provider: Provider | undefined): Promise<number> {
  const clock = provider ? await clockOf(provider) : (await call("cairn_head", {})).l1Timestamp;
  if (!Number.isSafeInteger(clock)) throw new WalletFault("L1 does not say what time it is.");
  if (Math.abs(clock - Date.now() / 1000) > MOST_OFF_S) {
    throw new WalletFault("L1's clock is more than an hour off this machine's: one of them is wrong.");
  }
  return clock + LASTS_S;
}

async function clockOf(provider: Provider): Promise<number> {
  const block = await request<{ timestamp?: string } | null>(provider, "eth_getBlockByNumber", ["latest", false]);
  return Number(block?.timestamp);
}
