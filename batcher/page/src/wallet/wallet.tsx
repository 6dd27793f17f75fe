// The wallet: a key first, then what can be done with it.

import type { Info, SecretKey } from "@cairn/client";
import { useEffect, useMemo, useState } from "preact/hooks";
import { useAsk, useLive } from "../api/ask.ts";
import { call } from "../api/rpc.ts";
import { Panel, Shown } from "../parts/panel.tsx";
import { Hex } from "../parts/text.tsx";
import { Accounts } from "./accounts.tsx";
import { Activity } from "./activity.tsx";
import { Claims } from "./claims.tsx";
import { Deposit } from "./deposit.tsx";
import { Forced } from "./forced.tsx";
import { Leave } from "./leave.tsx";
import { useAccounts } from "./owned.ts";
import { Send } from "./send.tsx";
import { useSent } from "./sent.ts";
import { type Connection, isSame, rollupOf, type Session, SessionContext } from "./session.ts";
import { tokensOf } from "./tokens.ts";
import { Unlock } from "./unlock.tsx";

/** How often it is asked whether the service is still the same rollup's. */
const INFO_MS = 30_000;
/** How often tokens are read again: L1 may not have answered. */
const TOKENS_MS = 60_000;

interface Unlocked {
  /** The rollup that the key was opened for. */
  info: Info;
  key: SecretKey;
  connection: Connection | undefined;
}

export function Wallet() {
  const info = useAsk("info", (signal) => call("cairn_info", {}, signal), INFO_MS);
  const [unlocked, setUnlocked] = useState<Unlocked>();
  const [hasChanged, setChanged] = useState(false);
  const isOther = unlocked !== undefined && info.value !== undefined && !isSame(unlocked.info, info.value);
  useEffect(() => {
    if (!isOther) return;
    setUnlocked(undefined);
    setChanged(true);
  }, [isOther]);
  const give = (opened: Unlocked) => {
    setUnlocked(opened);
    setChanged(false);
  };
  return (
    <>
      <h1>Wallet</h1>
      {hasChanged && (
        <p class="note fault" role="status">
          The service is another rollup's now, or on another chain: your key is forgotten. Open it again only if you expected that.
        </p>
      )}
      <Shown asked={info}>
        {(value) =>
          unlocked && !isOther ? (
            <Open unlocked={unlocked} lock={() => setUnlocked(undefined)} />
          ) : (
            <Unlock info={value} give={(key, connection) => give({ info: value, key, connection })} />
          )
        }
      </Shown>
    </>
  );
}

interface OpenProps {
  unlocked: Unlocked;
  lock: () => void;
}

function Open({ unlocked: { info, key, connection }, lock }: OpenProps) {
  const { head } = useLive();
  const { sent, add, submit } = useSent();
  const owned = useAccounts(key, sent);
  const count = head?.nextToken ?? 0;
  const tokens = useAsk(
    "tokens",
    async () => (connection ? tokensOf(connection.provider, info.custody, count) : []),
    TOKENS_MS,
    `${count}`,
  );
  const session = useMemo<Session>(
    () => ({ info, rollup: rollupOf(info), key, connection, tokens: tokens.value ?? [], owned, sent, add, submit }),
    [info, key, connection, tokens.value, owned, sent, add, submit],
  );
  return (
    <SessionContext.Provider value={session}>
      <Panel
        title="Your key"
        aside={
          <button type="button" onClick={lock}>
            Forget the key
          </button>
        }
      >
        <p class="note">Whoever pays you by a transfer to a new account needs it:</p>
        <Hex of={key.publicKey} whole />
        {connection && (
          <p class="note">
            On L1 you are <Hex of={connection.account} whole />
          </p>
        )}
        {tokens.error && <p class="note fault">{tokens.error.message}</p>}
      </Panel>
      <Accounts />
      <Activity />
      <div class="columns">
        {connection && <Deposit connection={connection} />}
        <Send />
        {connection && <Claims connection={connection} />}
        {connection && <Forced connection={connection} />}
      </div>
      {connection && <Leave connection={connection} />}
    </SessionContext.Provider>
  );
}
