// What the operator has paid on L1 for a batch.

import type { BatchView, SettlementView } from "@cairn/client";
import type { Asked } from "../api/ask.ts";
import { isFor, paid } from "../api/settlements.ts";
import { count, decimal, ether } from "../format.ts";
import { Badge } from "../parts/badge.tsx";
import { Panel, Shown } from "../parts/panel.tsx";
import { Table } from "../parts/table.tsx";
import { Hex } from "../parts/text.tsx";

interface SpentProps {
  batch: BatchView;
  settlements: Asked<SettlementView[]>;
}

export function Spent({ batch, settlements }: SpentProps) {
  return (
    <Panel title="Cost on L1" aside={<span class="soft">among the operator's last 64 transactions</span>}>
      <Shown asked={settlements}>
        {(all) => (
          <Table
            caption={`Transactions of L1 for batch ${batch.number}`}
            rows={all.filter((row) => isFor(row, batch.number))}
            name={(row) => row.nonce}
            empty="None of the operator's last 64 transactions on L1 is for it."
            columns={[
              { head: "For", cell: (row) => (row.purpose === "prove" ? `proof of ${span(row)}` : row.purpose) },
              { head: "Stands", cell: (row) => <Standing row={row} /> },
              { head: "Gas", isFigure: true, cell: ({ mined }) => (mined ? count(mined.gas) : "–") },
              { head: "Blob gas", isFigure: true, cell: ({ mined }) => (mined ? count(mined.blobGas) : "–") },
              {
                head: "Paid",
                isFigure: true,
                cell: (row) => <span title={`${decimal(String(paid(row)))} wei`}>{ether(paid(row))}</span>,
              },
              { head: "Transaction", cell: ({ hash }) => (hash ? <Hex of={hash} /> : "–") },
            ]}
          />
        )}
      </Shown>
    </Panel>
  );
}

const span = ({ first, last }: SettlementView): string =>
  first === last ? `batch ${first}` : `batches ${first} to ${last}`;

export function Standing({ row }: { row: SettlementView }) {
  if (!row.mined) return <Badge tone="wait">{row.attempts > 1 ? `sent, ${row.attempts} forms` : "sent"}</Badge>;
  if (!row.mined.success) return <Badge tone="bad">reverted</Badge>;
  return <Badge tone="good">{row.isFinal ? "final" : "mined"}</Badge>;
}
