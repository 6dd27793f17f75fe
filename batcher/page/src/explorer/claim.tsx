// What it takes to claim a withdrawal on L1.

import type { WithdrawalView } from "@cairn/client";
import { useAsk } from "../api/ask.ts";
import { call } from "../api/rpc.ts";
import { count, decimal } from "../format.ts";
import { Badge } from "../parts/badge.tsx";
import { Facts, Panel, Shown } from "../parts/panel.tsx";
import { Copy, Go, Hex } from "../parts/text.tsx";

export function WithdrawalPage({ batch, index }: { batch: number; index: number }) {
  const withdrawal = useAsk(
    `withdrawal ${batch} ${index}`,
    (signal) => call("cairn_withdrawalAt", { batch, index }, signal),
    10_000,
  );
  return (
    <>
      <h1>
        Withdrawal {count(index)} of batch {count(batch)}
      </h1>
      <Shown asked={withdrawal}>{(value) => <Claim withdrawal={value} />}</Shown>
    </>
  );
}

/** A withdrawal with the arguments of custody's `claim`. */
export function Claim({ withdrawal }: { withdrawal: WithdrawalView }) {
  const { batch, index, word, path, claimable } = withdrawal;
  const data = JSON.stringify({ batch, index, word, path });
  return (
    <Panel
      title="Claim on L1"
      aside={
        <Badge tone={claimable ? "good" : "wait"}>
          {claimable ? "proven: it can be claimed" : "waits for its batch's proof"}
        </Badge>
      }
    >
      <Facts
        rows={[
          ["Recipient on L1", <Hex of={withdrawal.recipient} whole />],
          ["Token", count(withdrawal.token)],
          ["Quanta", decimal(withdrawal.amount)],
          ["Batch", <Go to={["batches", batch]}>{count(batch)}</Go>],
          ["Place in the batch", count(index)],
          ["Word", <Hex of={word} whole />],
          ["Root", <Hex of={withdrawal.root} whole />],
          ["Path", path.length === 0 ? "none: it is alone" : `${path.length} siblings`],
        ]}
      />
      <p class="note">
        Anyone may call custody's <code>claim(batch, index, word, path)</code>; the recipient is
        paid. Whether it was claimed already is not in this API: custody's <code>isClaimed</code> says.
      </p>
      <p class="actions">
        <Copy text={data} what="Copy the arguments as JSON" />
      </p>
    </Panel>
  );
}
