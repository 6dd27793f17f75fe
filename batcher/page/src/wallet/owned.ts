// The accounts of the key.

import { type Asked, useAsk } from "../api/ask.ts";
import { call } from "../api/rpc.ts";
import type { Account, Owned } from "../api/types.ts";
import { useSession } from "./session.ts";
import { shown } from "./tokens.ts";

/** Asked for again while the view is open: money comes by itself. */
export function useOwned(): Asked<Account[]> {
  const { key, sent } = useSession();
  return useAsk(
    `owned ${key.publicKey} ${sent.length}`,
    async (signal) => (await call<Owned>("cairn_accountsOf", { key: key.publicKey }, signal)).accounts,
    3_000,
  );
}

/** An account in one line of a list. */
export function useLabel(): (account: Account) => string {
  const { tokens } = useSession();
  return ({ id, token, balance }) => `account ${id}: ${shown(BigInt(balance), tokens[token])}`;
}
