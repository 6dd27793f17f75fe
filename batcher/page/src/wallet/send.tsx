// Transfers and withdrawals: signed here, executed by the operator.

import { type AccountView, type Hex, isShortAmount, quantaOf, signTransaction, toQuanta, type Transaction, transactionHash } from "@cairn/client";
import { useState } from "preact/hooks";
import { call } from "../api/rpc.ts";
import { moment } from "../format.ts";
import { Panel } from "../parts/panel.tsx";
import { Doing, Field, type Offer, text } from "./doing.tsx";
import { expiryOf } from "./expiry.ts";
import { PayerField, usePayer } from "./payer.tsx";
import { useSession } from "./session.ts";
import { shown } from "./tokens.ts";

type Kind = "transfer" | "transferToNew" | "withdraw";

const TO: Record<Kind, [string, string]> = {
  transfer: ["To the account", "65536"],
  transferToNew: ["To a new account of the key", "0x and 80 digits"],
  withdraw: ["To the address on L1", "0x and 40 digits"],
};

/** Without a wallet of L1 nobody says how tokens are counted: amounts are in quanta. */
const QUANTA = { decimals: 0, quantumExponent: 0 };

/** A fee above this part of the amount needs more than a click. */
const DEAR = 20n;

const NOBODY = /^0x0{40}$/;

export function Send() {
  const { info, key, tokens, connection, sent, submit } = useSession();
  const payer = usePayer();
  const [kind, setKind] = useState<Kind>("transfer");

  const run = async (fields: FormData): Promise<Offer> => {
    const open = sent.find((one) => one.kind === "l2" && one.standing === "open");
    if (open?.kind === "l2") {
      await submit(open.what, open.signed);
      throw new Error(`${open.what} had no answer and was sent again just now: look above before you sign another one.`);
    }
    const from = payer(fields);
    const token = tokens[from.token];
    if (connection && !token) throw new Error(`L1 has not said yet how token ${from.token} is counted: try again in a moment.`);
    const amount = toQuanta(text(fields, "amount"), token ?? QUANTA);
    const form = kind === "transfer" && !isShortAmount(amount) ? "longTransfer" : kind;
    const { fee } = await call("cairn_estimateFee", { token: from.token, kind: form });
    const cost = quantaOf("the operator's fee", fee);
    if (amount + cost > BigInt(from.balance)) {
      throw new Error(`The account has too little: ${shown(amount, token)} and a fee of ${shown(cost, token)} are due.`);
    }
    const payee = text(fields, "to");
    const expiry = await expiryOf(connection?.provider);
    const transaction = { ...(await filled(kind, from, payee, amount, cost)), expiry };
    // What cannot be signed is refused before anybody agrees to it.
    transactionHash(info.domain, transaction);
    const what = `${kind === "withdraw" ? "Withdrawal" : "Transfer"} of ${shown(amount, token)}`;
    const accept = async () => {
      await submit(what, signTransaction(key, info.domain, transaction));
      return `It is accepted, with a fee of ${shown(cost, token)}. What becomes of it is above.`;
    };
    const isDear = cost * DEAR > amount;
    const terms = [
      `${what} to ${payee}, from account ${from.id}. The operator asks for a fee of ${shown(cost, token)}: ${shown(amount + cost, token)} in all.`,
    ];
    terms.push(`It can be executed until ${moment(expiry * 1000)}, and not later.`);
    if (isDear) terms.push(`The fee is more than a ${DEAR}th part of the amount.`);
    return { terms, action: "Sign and send", isDear, accept };
  };

  const [to, hint] = TO[kind];
  return (
    <Panel title="Send">
      <Doing action="Show the fee" run={run}>
        <fieldset class="choice">
          <legend>What</legend>
          {(["transfer", "transferToNew", "withdraw"] as const).map((one) => (
            <label key={one}>
              <input type="radio" name="kind" value={one} checked={kind === one} onChange={() => setKind(one)} />
              {{ transfer: "Transfer", transferToNew: "Transfer to a new account", withdraw: "Withdrawal to L1" }[one]}
            </label>
          ))}
        </fieldset>
        <PayerField />
        <Field key={kind} label={to} name="to" placeholder={hint} />
        <Field label={connection ? "Amount" : "Amount, in quanta"} name="amount" placeholder={connection ? "1.5" : "1500"} />
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

async function filled(kind: Kind, from: AccountView, to: string, amount: bigint, fee: bigint): Promise<Transaction> {
  // As of now: the list of accounts may not know yet of what was just sent.
  const { id: asked, next: nonce } = await call("cairn_nonce", { id: from.id });
  if (asked !== from.id) throw new Error(`The service answers with the nonce of account ${asked} in place of ${from.id}.`);
  const payer = { from: from.id, nonce, token: from.token, fee, amount };
  if (NOBODY.test(to)) throw new Error("The address is zero, which is nobody's.");
  // As it was typed: its capital letters are a checksum.
  if (kind === "withdraw") return { type: "withdraw", ...payer, recipient: to as Hex };
  if (kind === "transferToNew") return { type: "transferToNew", ...payer, key: to.toLowerCase() as Hex };
  if (!/^\d{1,10}$/.test(to)) throw new Error("An account is a number.");
  const id = Number(to);
  const payee = await call("cairn_account", { id });
  if (!payee) throw new Error(`There is no account ${to}.`);
  if (payee.id !== id) throw new Error(`The service answers with account ${payee.id} in place of ${id}.`);
  if (payee.token !== from.token) throw new Error(`Account ${to} is of another token: ${payee.token}, not ${from.token}.`);
  return { type: "transfer", ...payer, to: id, payeeKey: payee.key as Hex };
}

