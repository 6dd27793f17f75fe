// What the wallet works with, once there is a key: in memory alone, gone with the view.

import { type Hex, type Info, type OwnedAccounts, type Rollup, rollupDomain, type SecretKey, type SignedTransaction } from "@cairn/client";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Asked } from "../api/ask.ts";
import type { Provider } from "./provider.ts";
import type { Token } from "./tokens.ts";

/** A wallet of L1 that is connected. */
export interface Connection {
  provider: Provider;
  account: string;
}

/** What the operator has said to a submission: nothing yet, or for good. */
export type Standing = "open" | "accepted" | "refused";

/** What was sent, the latest first. */
export type Sent =
  | { kind: "l2"; what: string; hash: Hex; signed: SignedTransaction; standing: Standing; refusal?: string }
  | { kind: "l1"; what: string; hash: string; isQueued: boolean };

export interface Session {
  info: Info;
  rollup: Rollup;
  key: SecretKey;
  connection: Connection | undefined;
  /** By number; one is missing where L1 has not said how it is counted. */
  tokens: (Token | undefined)[];
  owned: Asked<OwnedAccounts>;
  sent: Sent[];
  add: (sent: Sent) => void;
  /** Lists a transaction and sends it to the operator; again, if it is listed already. */
  submit: (what: string, signed: SignedTransaction) => Promise<void>;
}

export const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("a part of the wallet is shown without a key");
  return session;
}

/** Whether both are of one rollup: a key that was opened for the one may sign for the other. */
export function isSame(one: Info, other: Info): boolean {
  return (["chainId", "rollup", "custody", "domain"] as const).every((name) => one[name] === other[name]);
}

/** The rollup that is signed for. What the service says of its domain must follow from chain and contract. */
export function rollupOf(info: Info): Rollup {
  const rollup: Rollup = { chainId: info.chainId, address: info.rollup as Hex };
  if (rollupDomain(rollup) !== info.domain) {
    throw new Error("The service names a domain that is not of its chain and contract: sign nothing here.");
  }
  return rollup;
}
