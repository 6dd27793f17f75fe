// Transfers and withdrawals: signed here, executed by the operator.

import { type Hex, signTransaction, toQuanta, type Transaction } from "@cairn/client";
import { useState } from "preact/hooks";
import { call } from "../api/rpc.ts";
import type { Account } from "../api/types.ts";
import { Panel } from "../parts/panel.tsx";
import { Doing, Field, text } from "./doing.tsx";
import { useLabel, useOwned } from "./owned.ts";
import { useSession } from "./session.ts";
import { shown, type Token } from "./tokens.ts";

type Kind = "transfer" | "transferToNew" | "withdraw";

const TO: Record<Kind, [string, string]> = {
  transfer: ["To the account", "65536"],
  transferToNew: ["To a new account of the key", "0x and 80 digits"],
  withdraw: ["To the address on L1", "0x and 40 digits"],
};

/** Amounts of a token that L1 was not asked about are written in quanta. */
const units = (token: Token | undefined) => token ?? { decimals: 0, quantumExponent: 0 };

export function Send() {
  const { info, key, tokens, connection, add } = useSession();
  const owned = useOwned();
  const label = useLabel();
  const [kind, setKind] = useState<Kind>("transfer");
  const accounts = owned.value ?? [];

  const run = async (fields: FormData) => {
    const from = accounts.find(({ id }) => id === Number(text(fields, "from")));
    if (!from) throw new Error("Choose the account that pays.");
    const token = tokens[from.token];
    const amount = toQuanta(text(fields, "amount"), units(token));
    const { fee } = await call<{ fee: string }>("cairn_estimateFee", { token: from.token, kind });
    const cost = BigInt(fee);
    if (amount + cost > BigInt(from.balance)) {
      throw new Error(`The account has too little: ${shown(amount, token)} and a fee of ${shown(cost, token)} are due.`);
    }
    const transaction = await filled(kind, from, text(fields, "to"), amount, cost);
    const signed = signTransaction(key, info.domain, transaction);
    const { hash } = await call<{ hash: Hex }>("cairn_submit", { transaction: signed.bytes });
    if (hash !== signed.hash) throw new Error("The service answers with the hash of another transaction.");
    add({ kind: "l2", what: `${kind === "withdraw" ? "Withdrawal" : "Transfer"} of ${shown(amount, token)}`, hash });
    return `It is accepted, with a fee of ${shown(cost, token)}. What becomes of it is above.`;
  };

  const [to, hint] = TO[kind];
  return (
    <Panel title="Send">
      <Doing action="Sign and send" run={run}>
        <fieldset class="choice">
          <legend>What</legend>
          {(["transfer", "transferToNew", "withdraw"] as const).map((one) => (
            <label key={one}>
              <input type="radio" name="kind" value={one} checked={kind === one} onChange={() => setKind(one)} />
              {{ transfer: "Transfer", transferToNew: "Transfer to a new account", withdraw: "Withdrawal to L1" }[one]}
            </label>
          ))}
        </fieldset>
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
        <Field key={kind} label={to} name="to" placeholder={hint} />
        <Field label={tokens.length > 0 ? "Amount" : "Amount, in quanta"} name="amount" placeholder={tokens.length > 0 ? "1.5" : "1500"} />
        {kind === "withdraw" && (
          <p class="note">
            L1 pays the address when the batch's proof is there, and somebody claims it
            {connection ? ": you can, below." : ": that needs a wallet of L1."}
          </p>
        )}
      </Doing>
    </Panel>
  );
}

async function filled(kind: Kind, from: Account, to: string, amount: bigint, fee: bigint): Promise<Transaction> {
  const payer = { from: from.id, nonce: from.nextNonce, token: from.token, fee, amount };
  if (kind === "withdraw") return { type: "withdraw", ...payer, recipient: to.toLowerCase() as Hex };
  if (kind === "transferToNew") return { type: "transferToNew", ...payer, key: to.toLowerCase() as Hex };
  if (!/^\d{1,10}$/.test(to)) throw new Error("An account is a number.");
  const payee = await call<Account | null>("cairn_account", { id: Number(to) });
  if (!payee) throw new Error(`There is no account ${to}.`);
  if (payee.token !== from.token) throw new Error(`Account ${to} is of another token: ${payee.token}, not ${from.token}.`);
  return { type: "transfer", ...payer, to: payee.id, payeeKey: payee.key as Hex };
}

