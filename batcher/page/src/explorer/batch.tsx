// A batch: its stages in time, where its data is, how its proof was made, what it has cost.

import type { BatchView, SettlementView } from "@cairn/client";
import { type Asked, useAsk, useLive } from "../api/ask.ts";
import { call } from "../api/rpc.ts";
import { count, decimal, ether, plural, wei } from "../format.ts";
import { BatchBadge } from "../parts/badge.tsx";
import { Facts, Panel, Shown } from "../parts/panel.tsx";
import { type Step, Steps } from "../parts/steps.tsx";
import { Go, Hex } from "../parts/text.tsx";
import { sealReason } from "./batches.ts";
import { Proving } from "./proving.tsx";
import { Spent } from "./spent.tsx";
import { Withdrawals } from "./withdrawals.tsx";

export function BatchPage({ number }: { number: number }) {
  const { head, batchNews } = useLive();
  const batch = useAsk(
    `batch ${number}`,
    (signal) => call("cairn_batch", { number }, signal),
    head && head.finalized >= number ? 60_000 : 3_000,
  );
  const settlements = useAsk(
    "settlements",
    (signal) => call("cairn_settlements", { count: 64 }, signal),
    15_000,
    `${batchNews}`,
  );
  const isOpen = head !== undefined && number === head.batch && number > head.sealed;
  return (
    <>
      <h1>Batch {count(number)}</h1>
      {isOpen ? (
        <p class="note">It is open: transactions are still added. It will be shown when it is sealed.</p>
      ) : (
        <Shown asked={batch}>
          {(value) => <Whole batch={value} settlements={settlements} />}
        </Shown>
      )}
    </>
  );
}

function Whole({ batch, settlements }: { batch: BatchView; settlements: Asked<SettlementView[]> }) {
  const { number } = batch;
  return (
    <>
      <div class="columns">
        <Panel title="Stages" aside={<BatchBadge batch={batch} />}>
          <Steps label={`Stages of batch ${number}`} steps={steps(batch)} />
        </Panel>
        <Panel
          title="Contents"
          aside={
            <span class="pages">
              {number > 1 && <Go to={["batches", number - 1]}>Batch {count(number - 1)}</Go>}
              <Go to={["batches", number + 1]}>Batch {count(number + 1)}</Go>
            </span>
          }
        >
          <Facts
            rows={[
              ["Operations", `${count(batch.operations)}, of them ${count(batch.transfers)} transfers`],
              ["Blocks", <Blocks batch={batch} />],
              ["Sealed because", sealReason(batch.reason)],
              ["Data", `${count(batch.dataWords)} words of 31 bytes`],
              ["L1's queue", `operations before place ${count(batch.priorityEnd)} are executed`],
              ["State before", <Hex of={batch.stateBefore} whole />],
              ["State after", <Hex of={batch.stateAfter} whole />],
              ["Chain hash", batch.l1 && <Hex of={batch.l1.chainHash} whole />],
            ]}
          />
        </Panel>
      </div>
      <Proving batch={batch} />
      <Spent batch={batch} settlements={settlements} />
      {batch.l1 && <Withdrawals batch={batch} />}
    </>
  );
}

function Blocks({ batch: { firstBlock, lastBlock } }: { batch: BatchView }) {
  return (
    <>
      <Go to={["blocks", firstBlock]}>{count(firstBlock)}</Go> to{" "}
      <Go to={["blocks", lastBlock]}>{count(lastBlock)}</Go>
    </>
  );
}

function steps(batch: BatchView): Step[] {
  const { publication, proof, l1 } = batch;
  return [
    { name: "Opened", isDone: true, atMs: batch.openedMs, detail: "Its first block was made." },
    {
      name: "Sealed",
      isDone: true,
      atMs: batch.sealedMs,
      detail: `Nothing is added any more: ${sealReason(batch.reason)}.`,
    },
    {
      name: "Data placed",
      isDone: publication != null,
      atMs: publication?.publishedMs,
      detail: publication && (
        <>
          {publication.dataMode}, the cheapest that the deployment allows for it: estimated{" "}
          {ether(wei(publication.estimateWei))} ({decimal(publication.estimateWei)} wei)
          {publication.blobs.map((blob) => (
            <span key={blob} class="block">
              blob <Hex of={blob} />
            </span>
          ))}
        </>
      ),
    },
    {
      name: "Proof made",
      fromMs: batch.sealedMs,
      isDone: batch.proofMadeMs != null,
      atMs: batch.proofMadeMs,
      detail: proof
        ? `One proof of ${proof.first === proof.last ? "this batch" : `batches ${proof.first} to ${proof.last}`}, ${plural(proof.chunks, "chunk")}.`
        : batch.proofMadeMs == null && "Made beside the commitment; its tasks are in the operator's view while a fleet proves.",
    },
    {
      name: "Committed",
      fromMs: batch.sealedMs,
      isDone: l1 != null,
      atMs: l1?.committed.atMs,
      detail: l1 ? <Mined place={l1.committed} /> : "L1 does not have it yet.",
    },
    {
      name: "Proven",
      fromMs: batch.sealedMs,
      isDone: Boolean(l1?.proven),
      atMs: l1?.proven?.atMs,
      detail: l1?.proven ? <Mined place={l1.proven} /> : "L1 has verified no proof of it yet.",
    },
    {
      name: "Finalized",
      fromMs: l1?.proven?.atMs,
      isDone: batch.finalized,
      atMs: batch.finalizedMs,
      detail: "Its proof has enough confirmations.",
    },
  ];
}

function Mined({ place }: { place: { block: number; transaction: string } }) {
  return (
    <>
      block {count(place.block)} of L1, transaction <Hex of={place.transaction} whole />
    </>
  );
}
