// One transaction: what it does, and its life across L2 and L1.

import type { TransactionView } from "@cairn/client";
import { useAsk } from "../api/ask.ts";
import { ApiError, call } from "../api/rpc.ts";
import { decimal, short } from "../format.ts";
import { Badge } from "../parts/badge.tsx";
import { Facts, Panel, Shown } from "../parts/panel.tsx";
import { Steps } from "../parts/steps.tsx";
import { Copy, Go, Hex, Moment } from "../parts/text.tsx";
import { Claim } from "./claim.tsx";
import { usePace } from "./last.ts";
import { KINDS, lifeSteps, stageTone, STAGES } from "./life.tsx";

type Hash = TransactionView["hash"];

export function TransactionPage({ hash }: { hash: Hash }) {
  const asked = useAsk(
    `tx ${hash}`,
    (signal) => call("cairn_transaction", { hash }, signal),
    2_000,
  );
  return (
    <>
      <h1>
        Transaction <span class="hex">{short(hash)}</span>
      </h1>
      <Shown asked={asked}>
        {(value) =>
          value ? (
            <Whole transaction={value} />
          ) : (
            <p class="note">
              The operator never accepted a transaction with this hash. It may be of another
              rollup, or it was refused.
            </p>
          )
        }
      </Shown>
    </>
  );
}

function Whole({ transaction }: { transaction: TransactionView }) {
  const { life, kind, hash } = transaction;
  const expected = usePace(life.stage);
  return (
    <>
      <div class="columns">
        <Panel title="Life" aside={<Badge tone={stageTone(life.stage)}>{STAGES[life.stage] ?? life.stage}</Badge>}>
          <Steps label="Life of the transaction" steps={lifeSteps(life, expected.value)} />
        </Panel>
        <Panel title="What it does">
          <What transaction={transaction} />
        </Panel>
      </div>
      {kind === "withdraw" && life.inBlock && <ClaimOf hash={hash} stage={life.stage} />}
      {life.inBlock && <ReceiptOf hash={hash} />}
    </>
  );
}

function What({ transaction }: { transaction: TransactionView }) {
  const { from, to, key, recipient, expiry, life } = transaction;
  return (
    <Facts
      rows={[
        ["Kind", KINDS[transaction.kind] ?? transaction.kind],
        ["From", <Go to={["accounts", from]}>account {from}</Go>],
        ["To", to == null ? undefined : <Go to={["accounts", to]}>account {to}</Go>],
        ["Recipient on L1", recipient && <Hex of={recipient} whole />],
        [transaction.kind === "changeKey" ? "New key" : "Key of the new account", key && <Hex of={key} to={["keys", key]} />],
        ["Amount", `${decimal(transaction.amount)} quanta of token ${transaction.token}`],
        ["Fee", `${decimal(transaction.fee)} quanta`],
        ["Nonce", String(transaction.nonce)],
        ["Expires", expiry === 0 ? "never" : <Moment ms={expiry * 1000} />],
        ["Replaced by", life.dropped?.replacedBy && <Hex of={life.dropped.replacedBy} to={["tx", life.dropped.replacedBy]} />],
        ["Hash", <Hex of={transaction.hash} whole />],
        ["Bytes", <Copy text={transaction.bytes} what="Copy the 131 bytes" />],
      ]}
    />
  );
}

function ClaimOf({ hash, stage }: { hash: Hash; stage: string }) {
  const question = async (signal: AbortSignal) => {
    try {
      return await call("cairn_withdrawal", { hash }, signal);
    } catch (error) {
      // Its batch is still open or being checked.
      if (error instanceof ApiError && error.reason === "not_yet") return error.message;
      throw error;
    }
  };
  const asked = useAsk(`claim ${hash}`, question, 10_000, stage);
  return (
    <Shown asked={asked}>
      {(value) =>
        typeof value === "string" ? (
          <Panel title="Claim on L1">
            <p class="note">{value}. What it takes to claim it is shown then.</p>
          </Panel>
        ) : (
          <Claim withdrawal={value} />
        )
      }
    </Shown>
  );
}

function ReceiptOf({ hash }: { hash: Hash }) {
  const asked = useAsk(`receipt ${hash}`, (signal) => call("cairn_receipt", { hash }, signal));
  return (
    <Panel title="Receipt" aside={<span class="soft">the operator's signed word</span>}>
      <Shown asked={asked}>
        {(receipt) => (
          <>
            <Facts
              rows={[
                ["State after the block", <Hex of={receipt.state} whole />],
                ["Signature", <Hex of={receipt.signature} />],
              ]}
            />
            <p class="actions">
              <Copy text={JSON.stringify(receipt)} what="Copy the receipt as JSON" />
            </p>
          </>
        )}
      </Shown>
    </Panel>
  );
}
