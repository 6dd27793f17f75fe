// The wallet: a key first, then what can be done with it.

import type { SecretKey } from "@cairn/client";
import { useCallback, useMemo, useState } from "preact/hooks";
import { useAsk, useLive } from "../api/ask.ts";
import { call } from "../api/rpc.ts";
import type { Info } from "../api/types.ts";
import { Panel, Shown } from "../parts/panel.tsx";
import { Hex } from "../parts/text.tsx";
import { Accounts } from "./accounts.tsx";
import { Activity } from "./activity.tsx";
import { Claims } from "./claims.tsx";
import { Deposit } from "./deposit.tsx";
import { Forced } from "./forced.tsx";
import { Leave } from "./leave.tsx";
import { Send } from "./send.tsx";
import { type Connection, rollupOf, type Sent, type Session, SessionContext } from "./session.ts";
import { tokensOf } from "./tokens.ts";
import { Unlock } from "./unlock.tsx";

interface Unlocked {
  key: SecretKey;
  connection: Connection | undefined;
}

export function Wallet() {
  const info = useAsk("info", (signal) => call<Info>("cairn_info", {}, signal));
  const [unlocked, setUnlocked] = useState<Unlocked>();
  return (
    <>
      <h1>Wallet</h1>
      <Shown asked={info}>
        {(value) =>
          unlocked ? (
            <Open info={value} unlocked={unlocked} lock={() => setUnlocked(undefined)} />
          ) : (
            <Unlock info={value} give={(key, connection) => setUnlocked({ key, connection })} />
          )
        }
      </Shown>
    </>
  );
}

interface OpenProps {
  info: Info;
  unlocked: Unlocked;
  lock: () => void;
}

function Open({ info, unlocked: { key, connection }, lock }: OpenProps) {
  const { head } = useLive();
  const [sent, setSent] = useState<Sent[]>([]);
  const add = useCallback((one: Sent) => setSent((all) => [one, ...all].slice(0, 100)), []);
  const count = head?.nextToken ?? 0;
  const tokens = useAsk(`tokens ${count}`, async () =>
    connection ? tokensOf(connection.provider, info.custody, count) : [],
  );
  const session = useMemo<Session>(
    () => ({ info, rollup: rollupOf(info), key, connection, tokens: tokens.value ?? [], sent, add }),
    [info, key, connection, tokens.value, sent, add],
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
