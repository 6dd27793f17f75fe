// The accounts of the key.

import type { AccountView, OwnedAccounts, SecretKey } from "@cairn/client";
import { type Asked, useAsk } from "../api/ask.ts";
import { count } from "../format.ts";
import { client } from "./client.ts";
import { type Sent, useSession } from "./session.ts";

/** Accounts that the wallet looks at, those with the lowest numbers: strangers can make accounts for any key. */
const MOST = 2_000;

/** Asked for again while the view is open, and when something sent was answered: money comes by itself. */
export function useAccounts(key: SecretKey, sent: Sent[]): Asked<OwnedAccounts> {
  const standings = sent.map((one) => (one.kind === "l2" ? one.standing : "sent")).join();
  return useAsk(
    `owned ${key.publicKey}`,
    (signal) => client().accountsOf(key.publicKey, { most: MOST, signal }),
    3_000,
    standings,
  );
}

/** Those that are known; none before the first answer. */
export const useOwned = (): AccountView[] => useSession().owned.value?.accounts ?? [];

/** What the wallet does not show, if it does not show all. */
export function moreInWords({ accounts, more }: OwnedAccounts): string | undefined {
  if (more == null) return undefined;
  const which = `the ${count(accounts.length)} with the lowest numbers, which are here`;
  return `Your key has more accounts than ${which}: the others are in the explorer.`;
}
