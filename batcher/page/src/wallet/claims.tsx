// Withdrawals that L1 owes, and how they are claimed.

import { claimCall, type Hex as Bytes, type TransactionView, type WithdrawalView } from "@cairn/client";
import { useAsk } from "../api/ask.ts";
import { ApiError, call } from "../api/rpc.ts";
import { Panel, Shown } from "../parts/panel.tsx";
import { Go, Hex } from "../parts/text.tsx";
import { encode, uint, word } from "./abi.ts";
import { Doing, Field, text } from "./doing.tsx";
import { useOwned } from "./owned.ts";
import { read, send } from "./provider.ts";
import { type Connection, useSession } from "./session.ts";
import { shown } from "./tokens.ts";

/** Accounts whose history is looked at, those with the lowest numbers. */
const MOST_ACCOUNTS = 8;
/** Withdrawals that are looked at, the latest ones. */
const MOST = 20;

interface Owed {
  transaction: TransactionView;
  withdrawal: WithdrawalView | undefined;
  isClaimed: boolean;
}

export function Claims({ connection: { provider, account } }: { connection: Connection }) {
  const { info, tokens, sent, add } = useSession();
  const owned = useOwned();
  const ids = owned.map(({ id }) => id);

  const isClaimed = async ({ batch, index }: WithdrawalView) =>
    word(await read(provider, info.custody, encode("isClaimed(uint32,uint256)", uint(batch), uint(index))), 0) === 1n;

  const asked = useAsk(
    `claims ${ids.join()}`,
    async (signal) => {
      const histories = await Promise.all(ids.slice(0, MOST_ACCOUNTS).map((id) => call("cairn_history", { id }, signal)));
      const all = histories.flatMap(({ transactions }) => transactions).sort((a, b) => b.sequence - a.sequence);
      const withdrawals = all.filter(({ kind, life }) => kind === "withdraw" && life.stage !== "dropped");
      return Promise.all(
        withdrawals.slice(0, MOST).map(async (transaction): Promise<Owed> => {
          const withdrawal = await withdrawalOf(transaction.hash, signal);
          return { transaction, withdrawal, isClaimed: withdrawal?.claimable ? await isClaimed(withdrawal) : false };
        }),
      );
    },
    5_000,
    `${sent.length}`,
  );

  const claim = async (withdrawal: WithdrawalView) => {
    if (!withdrawal.claimable) throw new Error("L1 has no proof of its batch yet.");
    if (await isClaimed(withdrawal)) throw new Error("It was claimed already: L1 has paid it.");
    const data = claimCall(withdrawal);
    const hash = await send(provider, { chainId: info.chainId, from: account, to: info.custody, data });
    const what = `Claim of ${shown(BigInt(withdrawal.amount), tokens[withdrawal.token])}`;
    add({ kind: "l1", what, hash, isQueued: false });
    return "It is sent to L1. What becomes of it is above.";
  };

  const byHash = async (fields: FormData) => {
    const hash = text(fields, "hash").toLowerCase();
    if (!/^0x[0-9a-f]{64}$/.test(hash)) throw new Error("A transaction's hash is 0x and 64 digits.");
    return claim(await call("cairn_withdrawal", { hash: hash as Bytes }));
  };

  return (
    <Panel title="Claim">
      <p class="note">What you have withdrawn waits in custody on L1. Anyone may claim it; the recipient is paid, once.</p>
      <Shown asked={asked}>
        {(rows) => {
          const open = rows.filter((row) => !row.isClaimed);
          if (open.length === 0) return <p class="note">Nothing waits among your last withdrawals.</p>;
          return (
            <ul class="claims">
              {open.map(({ transaction, withdrawal }) => (
                <li key={transaction.hash}>
                  <p>
                    {shown(BigInt(transaction.amount), tokens[transaction.token])} to <Hex of={transaction.recipient ?? ""} />{" "}
                    <Go to={["tx", transaction.hash]}>transaction</Go>
                  </p>
                  {withdrawal?.claimable ? (
                    <Doing action="Claim" run={() => claim(withdrawal)} />
                  ) : (
                    <p class="note">It waits for its batch's proof on L1.</p>
                  )}
                </li>
              ))}
            </ul>
          );
        }}
      </Shown>
      {ids.length > MOST_ACCOUNTS && (
        <p class="note">Withdrawals of your first {MOST_ACCOUNTS} accounts are looked for: claim those of others by their hash.</p>
      )}
      <details>
        <summary>Claim an older one, or somebody else's</summary>
        <Doing action="Claim it" run={byHash}>
          <Field label="Hash of the withdrawal's transaction" name="hash" />
        </Doing>
      </details>
    </Panel>
  );
}

/** None while its batch is open or being checked. */
async function withdrawalOf(hash: Bytes, signal: AbortSignal): Promise<WithdrawalView | undefined> {
  try {
    return await call("cairn_withdrawal", { hash }, signal);
  } catch (error) {
    if (error instanceof ApiError && ["not_yet", "unknown"].includes(error.reason)) return undefined;
    throw error;
  }
}
