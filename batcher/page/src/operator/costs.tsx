// What batches have cost, and what a transfer of them: CPU, gas, blob gas, and money at a price that the reader gives.

import type { BatchView, Info, SettlementView } from "@cairn/client";
import { useState } from "preact/hooks";
import { costOnL1, isFor } from "../api/settlements.ts";
import { count, duration, ether, fine, usd, wei } from "../format.ts";
import { Table } from "../parts/table.tsx";
import { Go } from "../parts/text.tsx";

const SHOWN = 12;

interface CostsProps {
  batches: BatchView[];
  settlements: SettlementView[];
  info: Info | undefined;
}

export function Costs({ batches, settlements, info }: CostsProps) {
  const [price, setPrice] = useState("");
  const eth = /^\d{1,7}(\.\d{1,4})?$/.test(price) ? Number(price) : undefined;
  const money = (amount: bigint) => (eth === undefined ? ether(amount) : `${ether(amount)}, ${usd(amount, eth)}`);
  return (
    <>
      <p class="inline">
        <label>
          USD an ETH{" "}
          <input
            inputMode="decimal"
            size={8}
            value={price}
            maxLength={12}
            placeholder="none"
            aria-describedby="price-note"
            onInput={(event) => setPrice(event.currentTarget.value.trim())}
          />
        </label>
        <span id="price-note" class="soft">
          {price !== "" && eth === undefined
            ? "Not a price: digits and a point, as 3000.5."
            : "The operator's API has no prices in USD: yours is used here, and kept nowhere."}
        </span>
      </p>
      <Table
        caption="Cost of the last batches"
        rows={batches.slice(0, SHOWN)}
        name={({ number }) => number}
        empty="No batch is sealed yet."
        columns={[
          { head: "Batch", cell: ({ number }) => <Go to={["batches", number]}>{count(number)}</Go> },
          { head: "Operations", isFigure: true, cell: ({ operations }) => count(operations) },
          { head: "Data", cell: ({ publication }) => publication?.dataMode ?? "–" },
          { head: "CPU", isFigure: true, cell: (batch) => (cpu(batch) === undefined ? "–" : duration(cpu(batch)! * 1000)) },
          { head: "Gas", isFigure: true, cell: (batch) => gas(batch, settlements, ({ gas }) => gas) },
          { head: "Blob gas", isFigure: true, cell: (batch) => gas(batch, settlements, ({ blobGas }) => blobGas) },
          { head: "Estimate of commitment", isFigure: true, cell: ({ publication }) => (publication ? ether(wei(publication.estimateWei)) : "–") },
          {
            head: "Paid, with its share of the proof",
            isFigure: true,
            cell: (batch) => {
              const cost = costOnL1(batch.number, settlements);
              return cost === undefined ? "–" : money(cost);
            },
          },
          {
            head: "An operation",
            isFigure: true,
            cell: (batch) => {
              const cost = costOnL1(batch.number, settlements);
              const each = BigInt(Math.max(1, batch.operations));
              return cost === undefined ? "–" : money(cost / each);
            },
          },
          {
            head: "CPU an operation",
            isFigure: true,
            cell: (batch) => (cpu(batch) === undefined ? "–" : `${fine((cpu(batch)! * 1000) / Math.max(1, batch.operations))} ms`),
          },
        ]}
      />
      <p class="note">
        Data mode: of {info ? info.dataModes.join(" and ") : "the modes"} that the deployment allows and the operator's
        settings permit, what was estimated to cost least when the batch was sealed. Batches of one proof share its cost
        alike. “–” is what is not known yet, or is older than the operator's last 64 transactions on L1.
      </p>
    </>
  );
}

/** CPU seconds of the proof, shared by its batches. */
function cpu({ proof }: BatchView): number | undefined {
  if (!proof) return undefined;
  return proof.stages.reduce((sum, { cpuS }) => sum + cpuS, 0) / (proof.last - proof.first + 1);
}

function gas(batch: BatchView, settlements: SettlementView[], of: (mined: NonNullable<SettlementView["mined"]>) => number): string {
  const rows = settlements.filter((row) => isFor(row, batch.number) && row.mined);
  if (rows.length === 0) return "–";
  return count(rows.reduce((sum, { mined }) => sum + (mined ? of(mined) : 0), 0));
}
