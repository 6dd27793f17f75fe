// A withdrawal through L1's queue, for when the operator leaves transactions out.

import { type Hex, signTransaction, toQuanta, type Withdraw } from "@cairn/client";
import { Panel } from "../parts/panel.tsx";
import { encode, word } from "./abi.ts";
import { Doing, Field, text } from "./doing.tsx";
import { forceCall } from "./force.ts";
import { useLabel, useOwned } from "./owned.ts";
import { read, send } from "./provider.ts";
import { type Connection, useSession } from "./session.ts";
import { shown } from "./tokens.ts";

export function Forced({ connection: { provider, account } }: { connection: Connection }) {
  const { info, key, tokens, add } = useSession();
  const owned = useOwned();
  const label = useLabel();
  const accounts = owned.value ?? [];

  const run = async (fields: FormData) => {
    const from = accounts.find(({ id }) => id === Number(text(fields, "from")));
    const token = from && tokens[from.token];
    if (!from || !token) throw new Error("Choose the account that pays.");
    const amount = toQuanta(text(fields, "amount"), token);
    const ask = async (name: string) => word(await read(provider, info.custody, encode(name)), 0);
    if ((await ask("FORCED_TRANSACTIONS()")) !== 1n) throw new Error("This rollup was deployed without forced transactions.");
    const fee = await ask("PRIORITY_FEE()");
    if (fee === undefined) throw new Error("Custody does not say what it costs: is the contract's address right?");
    // The fee of L2 may be zero: the one of L1 pays for it.
    const transaction: Withdraw = {
      type: "withdraw",
      from: from.id,
      nonce: from.nextNonce,
      token: from.token,
      amount,
      fee: 0n,
      recipient: account as Hex,
    };
    const signed = signTransaction(key, info.domain, transaction);
    const data = forceCall({ ...signed, transaction });
    const hash = await send(provider, { from: account, to: info.custody, data, value: fee });
    add({ kind: "l1", what: `Forced withdrawal of ${shown(amount, token)}`, hash, isQueued: true });
    return "It is sent to L1's queue. What becomes of it is above.";
  };

  return (
    <Panel title="Forced withdrawal">
      <p class="note">
        Use it if the operator does not execute what you send. L1 keeps it in its queue; if it is not proven within the
        contract's deadline, anyone may freeze the rollup, and everyone leaves. It changes nothing if the account has too little, or
        another nonce, when its turn comes. It pays your address on L1, by a claim.
      </p>
      <Doing action="Force it" run={run}>
        <label class="field">
          <span>From</span>
          <select name="from">
            {accounts.map((account) => (
              <option key={account.id} value={account.id}>
                {label(account)}
              </option>
            ))}
          </select>
        </label>
        <Field label="Amount" name="amount" placeholder="1.5" />
      </Doing>
    </Panel>
  );
}
