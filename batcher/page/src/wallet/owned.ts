// The accounts of the key.

import type { SecretKey } from "@cairn/client";
import { type Asked, useAsk } from "../api/ask.ts";
import type { Account, Owned } from "../api/types.ts";
import { client } from "./client.ts";
import { type Sent, useSession } from "./session.ts";
import { shown } from "./tokens.ts";

/** Accounts that the wallet looks at, the lowest ids: strangers can make accounts for any key. */
const MOST = 2_000;

/** Asked for again while the view is open, and when something sent was answered: money comes by itself. */
export function useAccounts(key: SecretKey, sent: Sent[]): Asked<Owned> {
  const standings = sent.map((one) => (one.kind === "l2" ? one.standing : "sent")).join();
  return useAsk(
    `owned ${key.publicKey} ${standings}`,
    async (signal) => {
      const { accounts, more = null } = await client().accountsOf(key.publicKey, { most: MOST, signal });
      return { accounts, more };
    },
    3_000,
  );
}

/** Those that are known; none before the first answer. */
export const useOwned = (): Account[] => useSession().owned.value?.accounts ?? [];

/** An account in one line of a list. */
export function useLabel(): (account: Account) => string {
  const { tokens } = useSession();
  return ({ id, token, balance }) => `account ${id}: ${shown(BigInt(balance), tokens[token])}`;
}
