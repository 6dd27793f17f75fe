// What the wallet works with, once there is a key: in memory alone, gone with the view.

import type { Hex, Rollup, SecretKey } from "@cairn/client";
import { rollupDomain } from "@cairn/client";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Info } from "../api/types.ts";
import type { Provider } from "./provider.ts";
import type { Token } from "./tokens.ts";

/** A wallet of L1 that is connected. */
export interface Connection {
  provider: Provider;
  account: string;
}

/** What was sent, the latest first. */
export type Sent =
  | { kind: "l2"; what: string; hash: Hex }
  | { kind: "l1"; what: string; hash: string; isQueued: boolean };

export interface Session {
  info: Info;
  rollup: Rollup;
  key: SecretKey;
  connection: Connection | undefined;
  tokens: Token[];
  sent: Sent[];
  add: (sent: Sent) => void;
}

export const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("a part of the wallet is shown without a key");
  return session;
}

/** The rollup that is signed for. What the service says of its domain must follow from chain and contract. */
export function rollupOf(info: Info): Rollup {
  const rollup: Rollup = { chainId: info.chainId, address: info.rollup as Hex };
  if (rollupDomain(rollup) !== info.domain) {
    throw new Error("The service names a domain that is not of its chain and contract: sign nothing here.");
  }
  return rollup;
}
