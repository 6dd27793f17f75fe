// A withdrawal through L1's queue, for when the operator leaves transactions out.

import { type AccountView, checkProof, fromQuanta, type Hex, readProvenState, signTransaction, toQuanta, type Withdraw } from "@cairn/client";
import { call } from "../api/rpc.ts";
import { Panel } from "../parts/panel.tsx";
import { encode, word } from "./abi.ts";
import { Doing, Field, type Offer, text } from "./doing.tsx";
import { forceCall } from "./force.ts";
import { PayerField, usePayer } from "./payer.tsx";
import { type Provider, read, send } from "./provider.ts";
import { type Connection, useSession } from "./session.ts";
import { shown } from "./tokens.ts";

export function Forced({ connection: { provider, account } }: { connection: Connection }) {
  const { info, key, tokens, add } = useSession();
  const payer = usePayer();

  const run = async (fields: FormData): Promise<Offer> => {
    const from = payer(fields);
    const token = tokens[from.token];
    if (!token) throw new Error(`L1 has not said yet how token ${from.token} is counted: try again in a moment.`);
    const amount = toQuanta(text(fields, "amount"), token);
    if (amount === 0n) throw new Error("The amount is zero.");
    const ask = async (name: string) => word(await read(provider, info.custody, encode(name)), 0);
    if ((await ask("FORCED_TRANSACTIONS()")) !== 1n) throw new Error("This rollup was deployed without forced transactions.");
    const fee = await ask("PRIORITY_FEE()");
    if (fee === undefined) throw new Error("Custody does not say what it costs: is the contract's address right?");
    const nonce = await nonceInWords(provider, info.rollup, from);
    // The fee of L2 may be zero: the one of L1 pays for it.
    const transaction: Withdraw = {
      type: "withdraw",
      from: from.id,
      // Not the next one: what waits may never be executed, and then the next one never comes up.
      nonce: from.nonce,
      token: from.token,
      amount,
      fee: 0n,
      recipient: account as Hex,
    };
    const what = `Forced withdrawal of ${shown(amount, token)}`;
    const accept = async () => {
      const data = forceCall({ ...signTransaction(key, info.domain, transaction), transaction });
      const hash = await send(provider, { chainId: info.chainId, from: account, to: info.custody, data, value: fee });
      add({ kind: "l1", what, hash, isQueued: true });
      return "It is sent to L1's queue. What becomes of it is above.";
    };
    const price = `${fromQuanta(fee, { decimals: 18, quantumExponent: 0 })} ETH`;
    const terms = [`${what} from account ${from.id} to ${account}. L1 takes ${price} and gas for it, whatever comes of it.`, nonce];
    if (amount > BigInt(from.balance)) {
      terms.push(`By the operator's word the account has only ${shown(BigInt(from.balance), token)}: then it changes nothing.`);
    }
    if (from.nextNonce > from.nonce) terms.push(waitingInWords(from.nextNonce - from.nonce));
    return { terms, action: "Sign and force it", isDear: false, accept };
  };

  return (
    <Panel title="Forced withdrawal">
      <p class="note">
        Use it if the operator does not execute what you send. L1 keeps it in its queue; if it is not proven within the
        contract's deadline, anyone may freeze the rollup, and everyone leaves. It changes nothing if the account has too little, or
        another nonce, when its turn comes. It pays your address on L1, by a claim.
      </p>
      <Doing action="Force it" run={run}>
        <PayerField />
        <Field label="Amount" name="amount" placeholder="1.5" />
      </Doing>
    </Panel>
  );
}

/** Which nonce is signed, and who says that it is the account's. */
async function nonceInWords(provider: Provider, rollup: string, { id, nonce }: AccountView): Promise<string> {
  let proven: number;
  try {
    const [state, proof] = await Promise.all([readProvenState(provider, rollup), call("cairn_proof", { id })]);
    proven = checkProof(proof, id, state).nonce;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `The account has nonce ${nonce}, by the operator's word alone, for the account is not proven on L1: ${why.slice(0, 200)}`;
  }
  if (nonce < proven) {
    throw new Error(`The operator says that the account has nonce ${nonce}; on L1 it is proven to have ${proven}. Ask another one.`);
  }
  if (nonce === proven) return `The account has nonce ${nonce}, which is proven on L1.`;
  return `The account has nonce ${nonce}, by the operator's word: L1 has a proof of ${proven}. If the word is wrong, it changes nothing.`;
}

function waitingInWords(waiting: number): string {
  return (
    `What you have sent and is not executed (${waiting}) conflicts with it: of those with one nonce, only the first to be ` +
    "executed counts. Either the first that waits becomes void, or this withdrawal does."
  );
}
